"""Containers of our own making, beside Compose: the wall, and the temporary ones that images are read through.

None carries a label of Compose's, so neither `compose up --remove-orphans` nor a list of the project's containers
takes them for its own.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import docker.errors
import requests
from docker.types import LogConfig

from olmis_release.errors import StepFailed
from olmis_release.instance.connection import Line
from olmis_release.instance.deadline import give_up

HTTP_CONFLICT = 409
TEMPORARY_LABEL = "org.openlmis.release.temporary"
Files = Mapping[str, tuple[bytes, int]]
"""File name to content and mode."""
MEMBER_LIMIT_BYTES = 1024 * 1024 * 1024
EMPTY_ARCHIVE = bytes(2 * tarfile.BLOCKSIZE)
FILES_TAKE = 10
"""How many times as long as another call the reading of an image's files may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A container to make.

    Attributes:
        argv: Replaces entry point and command of the image.
        publish: Container port to host address and port.
        network: The one network it joins, ``none`` for no network.
        restart: Restart policy; ``always`` alone comes back after the engine was killed.
        volumes: Named volume to mount point; made if absent.
        memory_bytes: Most that it may use, None for no bound.
        privileges: Whether it keeps the capabilities that the engine gives by default.
    """

    image: str
    argv: tuple[str, ...]
    labels: Mapping[str, str]
    name: str | None = None
    network: str = "none"
    publish: Mapping[int | str, tuple[str, int]] | None = None
    restart: str = "no"
    volumes: Mapping[str, str] | None = None
    memory_bytes: int | None = None
    privileges: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Most that is read out of a container: bytes of one file, and how many files."""

    bytes: int = MEMBER_LIMIT_BYTES
    files: int = 1_000_000


class NameTaken(StepFailed):
    """Another container has the name; nothing was made."""

    code = "E-NAME-TAKEN"


GENEROUS = Limits()


class OwnContainers:
    """Makes, fills and watches containers that Compose knows nothing of."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def create(self, wanted: Wanted) -> str:
        """Create a container without starting it; returns its id.

        Raises:
            NameTaken: The engine gave its name to another container before.
        """
        return self._line.ask(f"create a container from {wanted.image}", lambda api: _created(api, wanted))

    def rename(self, container_id: str, name: str) -> None:
        """Give a container another name."""
        self._line.ask(f"rename a container to {name}", lambda api: api.rename(container_id, name))

    def put_files(self, container_id: str, folder: str, files: Files) -> None:
        """Write files into `folder`, which is made if absent."""
        packed = _packed(folder, files)
        self._line.ask(
            f"write files into {folder} of a container", lambda api: api.put_archive(container_id, "/", packed)
        )

    def signal(self, container_id: str, name: str) -> None:
        """Send a signal to the container's first process."""
        self._line.ask(f"send {name} to a container", lambda api: api.kill(container_id, signal=name))

    def processes(self, container_id: str) -> Mapping[int, str]:
        """Return process id (on the host) to command line."""
        return self._line.ask("list the processes of a container", lambda api: _processes(api, container_id))

    def network_exists(self, name: str) -> bool:
        """Return whether the engine has a network of that name."""
        return self._line.ask(
            f"look for the network {name}",
            lambda api: any(network["Name"] == name for network in api.networks(names=[name])),
        )

    def discard(self, container_id: str) -> None:
        """Remove a container of ours as it is, running or not, with its nameless volumes; a missing one is fine."""
        self._line.ask("remove a helper container", lambda api: _discarded(api, container_id))

    @contextmanager
    def temporary(self, image: str) -> Iterator[str]:
        """Give a container of an image that never runs, and remove it whatever happens."""
        made = self.create(Wanted(image=image, argv=("never-run",), labels={TEMPORARY_LABEL: "1"}))
        try:
            yield made
        finally:
            self._line.ask("remove a temporary container", lambda api: api.remove_container(made, v=True, force=True))

    def read(
        self, container_id: str, folder: str, wanted: Callable[[str], bool], *, limits: Limits = GENEROUS
    ) -> dict[str, bytes]:
        """Return the regular files at or below `folder` whose full path is wanted; none when there is no such path."""
        return self._line.ask(
            f"read {folder} of a container",
            lambda api: _regular_members(_archive(api, container_id, folder), folder, wanted, limits=limits),
            timeout_s=self._line.timeout_s * FILES_TAKE,
        )


def _created(api: Any, wanted: Wanted) -> str:
    ports = dict(wanted.publish or {})
    host_config = api.create_host_config(
        network_mode=wanted.network,
        port_bindings=ports,
        restart_policy={"Name": wanted.restart},
        binds=[f"{volume}:{folder}" for volume, folder in (wanted.volumes or {}).items()],
        log_config=LogConfig(type="json-file", config={"max-size": "10m", "max-file": "3"}),
        mem_limit=wanted.memory_bytes,
        cap_drop=None if wanted.privileges else ["ALL"],
    )
    try:
        made = api.create_container(
            image=wanted.image,
            name=wanted.name,
            entrypoint=list(wanted.argv),
            labels=dict(wanted.labels),
            ports=list(ports),
            host_config=host_config,
        )
    except docker.errors.APIError as error:
        if wanted.name is None or error.status_code != HTTP_CONFLICT:
            raise
        taken = f"Another container has the name {wanted.name}."
        raise NameTaken(taken, resolution="Look at it with `docker ps -a`.") from error
    return str(made["Id"])


def _discarded(api: Any, container_id: str) -> None:
    with suppress(docker.errors.NotFound):
        api.remove_container(container_id, v=True, force=True)


def _processes(api: Any, container_id: str) -> Mapping[int, str]:
    table = api.top(container_id, ps_args="-eo pid,args")
    return {int(row[0]): " ".join(row[1:]) for row in table["Processes"] or ()}


def _archive(api: Any, container_id: str, folder: str) -> Iterator[bytes]:
    try:
        chunks, described = api.get_archive(container_id, folder)
    except docker.errors.NotFound:
        return iter((EMPTY_ARCHIVE,))
    if not described:
        # It stands in the answer's head: where that broke off, a body without any file would look whole.
        raise OSError("the archive's head broke off")
    found: Iterator[bytes] = chunks
    return found


def _packed(folder: str, files: Files) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        directory = tarfile.TarInfo(folder.strip("/"))
        directory.type, directory.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(directory)
        for name, (content, mode) in files.items():
            member = tarfile.TarInfo(f"{folder.strip('/')}/{name}")
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _regular_members(
    chunks: Iterator[bytes], folder: str, wanted: Callable[[str], bool], *, limits: Limits
) -> dict[str, bytes]:
    # Read in memory and never extracted: a hostile archive has no path to write to.
    parent = folder.rstrip("/").rpartition("/")[0]
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=_Stream(chunks), mode="r|") as archive:
            for member in archive:
                path = f"{parent}/{member.name.removeprefix('./').strip('/')}"
                if member.isreg() and wanted(path):
                    _require_room(member, len(found), limits)
                    found[path] = _content(archive, member)
    except tarfile.TarError as error:
        raise OSError(f"the archive broke off: {error}") from error
    except StepFailed:
        _leave(chunks)
        raise
    return found


def _leave(chunks: Iterator[bytes]) -> None:
    """Want no more of an archive: the engine locks its container for as long as it is read."""
    give_up()
    with suppress(OSError, requests.RequestException):
        for _ in chunks:  # what is here already, to the end of the connection
            pass


def _require_room(member: tarfile.TarInfo, known: int, limits: Limits) -> None:
    if member.size > limits.bytes or known >= limits.files:
        raise StepFailed(
            f"{member.name} is too much to be read ({member.size} bytes, after {known} files).",
            resolution="Check that the image or container is the one you mean.",
        )


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    return stream.read() if stream else b""


class _Stream(io.RawIOBase):
    """Chunks as a file that tarfile can read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        parts, have = [self._rest], len(self._rest)
        for chunk in self._chunks if have < size else ():
            parts.append(chunk)
            have += len(chunk)
            if have >= size:
                break
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]
