"""Is there room on the engine for the images still to be pulled?"""

from __future__ import annotations

from olmis_release.preflight.model import Check, Finding, Subject, failed, passed, warned
from olmis_release.preflight.room import free_bytes_on_engine
from olmis_release.text import human_bytes, plural

ASSUMED_BYTES = 400_000_000
"""What an OpenLMIS image takes unpacked when the engine has no older one of the component to judge by."""

LEAST_FREE_BYTES = 256 * 1024 * 1024
"""Below this even containers and their logs cannot be written."""


def images_have_room(subject: Subject) -> Finding:
    """Compare free room with the sizes of the images that the new ones take the place of.

    The registry is not asked for sizes: it knows compressed layers only. Only what is measured refuses; what is assumed
    warns.
    """
    missing = _missing(subject)
    free = free_bytes_on_engine(subject)
    if free is None:
        return warned(
            f"{plural(len(missing), 'image')} to be pulled; free room on the engine cannot be measured.",
            resolution="Look at the disk of the target yourself before you deploy.",
        )
    sizes = [_older_size(subject, name) for name in missing]
    measured = LEAST_FREE_BYTES + sum(size for size in sizes if size)
    expected = measured + ASSUMED_BYTES * sum(size is None for size in sizes)
    return _compare(free, measured=measured, expected=expected, count=len(missing))


def _compare(free: int, *, measured: int, expected: int, count: int) -> Finding:
    what = f"{plural(count, 'image')} to pull, containers and logs need" if count else "Containers and logs need"
    need = f"{what} about {human_bytes(expected)}; {human_bytes(free)} are free on the engine."
    if free < measured:
        return failed(need, resolution="Free room there (never with a prune: it may take images of the way back).")
    if free < expected:
        return warned(need, resolution="Free room there before you deploy; the sizes of new images are assumed.")
    return passed(need)


def _missing(subject: Subject) -> list[str]:
    engine, services = subject.site.engine, subject.rendered.services
    wanted = [name for name in sorted(subject.manifest.components) if name in services]
    return [name for name in wanted if engine.image(services[name].image) is None]


def _older_size(subject: Subject, component: str) -> int | None:
    running = next((one for one in subject.containers if one.component == component), None)
    image = subject.site.engine.image(running.image_id) if running else None
    return image.size_bytes if image else None


CHECK = Check(id="image-room", question="Is there room on the engine for the new images?", ask=images_have_room)
