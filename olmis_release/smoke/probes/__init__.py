"""One kind of probe per file."""
