"""Python's garbage collector, kept out where very many values are made that all stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def not_collecting() -> Iterator[None]:
    """Look for no garbage meanwhile: among values that all stay, each look costs and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # To the old ones at once, or the next look, meant for a few young values, would go through all of these.
            gc.freeze()
            gc.unfreeze()
            gc.enable()
