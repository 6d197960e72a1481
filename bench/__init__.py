"""Benchmarks: each prints what it measured and how."""
