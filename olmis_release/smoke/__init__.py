"""Does a running release work? Readiness waits for it, smoke tests ask it."""
