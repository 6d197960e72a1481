"""Core, extension and release manifests: reading, merging, comparing, rendering."""
