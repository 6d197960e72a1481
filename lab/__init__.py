"""Set-up, estate and story for tests, demo and benchmarks; no part of the installed tool."""
