"""One preflight check per file."""
