"""Measure from outside how long users are cut off: a GET per route every 50 ms, each on a connection of its own."""

import asyncio
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

EVERY_S = 0.05
ANSWER_S = 3.0
"""A request that takes longer counts as not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One probe: when it was sent and answered (seconds on a clock that never jumps), and the status, 0 for none."""

    sent_s: float
    ended_s: float
    status: int

    @property
    def ok(self) -> bool:
        """Whether a user would have been served."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time."""

    begin_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Its length."""
        return self.end_s - self.begin_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """When at least one of the probed routes did not serve.

    Attributes:
        spans: Stretches from the first failed probe of any route until all of them answer 2xx again.
        statuses: How often each status came back, over all routes; 0 stands for no answer.
        recovered: Whether the last probe of every route was served.
    """

    spans: tuple[Span, ...] = ()
    statuses: Mapping[int, int] = field(default_factory=dict)
    recovered: bool = True

    @property
    def total_s(self) -> float:
        """All of it."""
        return sum(span.length_s for span in self.spans)

    @property
    def longest_s(self) -> float:
        """The longest stretch."""
        return max((span.length_s for span in self.spans), default=0.0)


def outage_of(timeline: Mapping[str, Sequence[Hit]]) -> Outage:
    """Put the routes' timelines together."""
    hits = [hit for route in timeline.values() for hit in route]
    statuses = sorted({hit.status for hit in hits})
    return Outage(
        spans=merged(span for route in timeline.values() for span in spans_without_service(route)),
        statuses={status: sum(hit.status == status for hit in hits) for status in statuses},
        recovered=all(route[-1].ok for route in timeline.values() if route),
    )


def spans_without_service(hits: Sequence[Hit]) -> Iterable[Span]:
    """Yield the stretches of one route from a failed probe to the next one that was served."""
    begin: float | None = None
    for hit in hits:
        if not hit.ok and begin is None:
            begin = hit.sent_s
        elif hit.ok and begin is not None:
            yield Span(begin_s=begin, end_s=hit.ended_s)
            begin = None
    if begin is not None:
        yield Span(begin_s=begin, end_s=hits[-1].ended_s)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Join stretches that overlap."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.begin_s):
        if joined and span.begin_s <= joined[-1].end_s:
            joined[-1] = Span(begin_s=joined[-1].begin_s, end_s=max(joined[-1].end_s, span.end_s))
        else:
            joined.append(span)
    return tuple(joined)


class Prober:
    """Probes in the background from entering to leaving.

    Args:
        url: Of the front.
        routes: Paths, for example ``("/", "/requisition")``.
    """

    def __init__(self, url: str, routes: Sequence[str]) -> None:
        """Prepare; nothing is sent before entering."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._timeline: dict[str, list[Hit]] = {route: [] for route in routes}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._probe_all()), daemon=True)

    def __enter__(self) -> "Prober":
        """Start probing."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop probing."""
        self._stopped.set()
        self._thread.join(2 * ANSWER_S)

    def outage(self) -> Outage:
        """Say what was measured so far."""
        return outage_of({route: tuple(hits) for route, hits in self._timeline.items()})

    def settled(self, *, for_s: float) -> bool:
        """Tell whether every route has been served for so long without a gap."""
        since = time.monotonic() - for_s
        recent = [[hit for hit in tuple(hits) if hit.ended_s >= since] for hits in self._timeline.values()]
        return all(hits and all(hit.ok for hit in hits) for hits in recent)

    async def _probe_all(self) -> None:
        await asyncio.gather(*(self._probe(route) for route in self._timeline))

    async def _probe(self, route: str) -> None:
        due = time.monotonic()
        while not self._stopped.is_set():
            sent = time.monotonic()
            status = await self._asked(route)
            self._timeline[route].append(Hit(sent_s=sent, ended_s=time.monotonic(), status=status))
            due = max(due + EVERY_S, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    async def _asked(self, route: str) -> int:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._status(route)
        except (OSError, ValueError, asyncio.IncompleteReadError):
            return 0

    async def _status(self, route: str) -> int:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            host = f"{self._host}:{self._port}"
            writer.write(f"GET {route} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
