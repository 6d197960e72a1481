"""Release manager for OpenLMIS distributions."""

__version__ = "0.1.0"
