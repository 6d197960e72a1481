"""Questions asked of a target before anything is touched: read-only, each with what to do when the answer is no."""
