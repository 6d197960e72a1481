"""Carrying a plan out, and taking it back."""
