"""Build the base images: ordinary Dockerfiles in ``tests/standin``, cached by the content of their folder."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from lab.catalogue import LABEL

ROOT = Path(__file__).resolve().parent.parent
STANDIN = ROOT / "tests" / "standin"
PREFIX = "olmis-lab"
BASE_IMAGE = "debian:bookworm-slim"


class MissingBaseError(Exception):
    """The image that all Dockerfiles begin with is not on the engine."""


def content_hash(paths: Iterable[Path]) -> str:
    """Name files by their relative path, mode and content; folders count with everything in them."""
    total = hashlib.sha256()
    for path in sorted(files_in(paths)):
        executable = path.stat().st_mode & 0o100
        total.update(f"{path.relative_to(ROOT)}\0{executable}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def files_in(paths: Iterable[Path]) -> Iterable[Path]:
    """List the files among and under the paths; what Python compiled is none of them."""
    for path in paths:
        found = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)


def built(client: docker.DockerClient, kind: str) -> str:
    """Build one base unless it is there already.

    Returns:
        Its name on the engine, ``olmis-lab/<kind>:<hash>``.

    Raises:
        MissingBaseError: Run ``lab/base.sh`` first.
    """
    name = f"{PREFIX}/{kind}:{content_hash([STANDIN / kind])}"
    if not present(client, name):
        if not present(client, BASE_IMAGE):
            raise MissingBaseError(f"{BASE_IMAGE} is not on the engine; `sh lab/base.sh` pulls or makes it.")
        print(f"  building {name}", flush=True)
        client.images.build(path=str(STANDIN / kind), tag=name, labels={LABEL: "1"}, rm=True, forcerm=True)
    return name


def present(client: docker.DockerClient, name: str) -> bool:
    """Tell whether the engine has an image."""
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True
