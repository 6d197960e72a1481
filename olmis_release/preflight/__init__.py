"""Questions asked before anything is touched."""
