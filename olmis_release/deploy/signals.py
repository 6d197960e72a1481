"""Ctrl-C, SIGTERM and a lost terminal while something must not be left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def undisturbed(told: Callable[[], None]) -> Iterator[None]:
    """Inside, a signal only calls `told`; outside the main thread nothing changes, signals do not arrive there."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda _number, _frame: told()) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class StopWish:
    """Whether somebody asked to stop: remembered while a step acts, at once where it only waits or asks.

    Attributes:
        wanted: A signal came.
    """

    def __init__(self, told: Callable[[], None]) -> None:
        """Begin without a wish; `told` is called when one comes that has to wait."""
        self.wanted = False
        self._told = told
        self._at_once = False

    def heard(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        self.wanted = True
        if self._at_once:
            raise KeyboardInterrupt
        self._told()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside, a signal interrupts what is going on: it may be broken off anywhere."""
        self._at_once = True
        try:
            if self.wanted:
                raise KeyboardInterrupt
            yield
        finally:
            self._at_once = False


@contextmanager
def stop_wish(told: Callable[[], None]) -> Iterator[StopWish]:
    """Give what remembers signals; outside the main thread none arrive."""
    wish = StopWish(told)
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return
    before = {number: signal.signal(number, wish.heard) for number in SIGNALS}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Inside, signals wait: for the few moments in which two things must become true together.

    They are caught and sent again, not masked: a mask is one thread's, and the lease is kept alive by another.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for sent in came:
        signal.raise_signal(sent)
