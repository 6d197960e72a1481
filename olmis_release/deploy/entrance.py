"""The tool's own way to Consul through the wall, open while a run needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from olmis_release.deploy.signals import undisturbed
from olmis_release.errors import ReleaseError
from olmis_release.events import Note
from olmis_release.instance.ports import WallState
from olmis_release.instance.site import Site


@contextmanager
def consul_entrance(site: Site) -> Iterator[None]:
    """Keep the tool's own way to Consul open in the wall while a run needs it; a closed wall gets this run's pass."""
    match site.wall.state():
        case WallState.OPEN:
            site.wall.open(site.run_pass)
        case WallState.CLOSED:
            site.wall.close(site.run_pass)
        case WallState.ABSENT:
            pass  # a first deploy has not made it yet
    try:
        yield
    finally:
        _close_entrance(site)


def _close_entrance(site: Site) -> None:
    """Take the pass back; that it fails must not hide how the run ended. The pass of a run is good for nobody else."""
    try:
        with undisturbed(lambda: None):
            if site.wall.state() is WallState.OPEN:
                site.wall.open()
    except ReleaseError as error:
        site.reporter.report(Note(message=f"The wall keeps its entrance to Consul: {error.message}", warning=True))
