"""Fixtures for tests of the whole tool that need no Docker."""

from tests.unit.cli.conftest import desk

__all__ = ["desk"]
