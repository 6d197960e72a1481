"""A plan as a document that people read."""
