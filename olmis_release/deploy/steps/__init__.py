"""The steps of a deploy, one per file, each with its exact inverse."""
