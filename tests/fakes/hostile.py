"""Files made to keep a reader busy or to fill its memory, and a run over all of them that measures both.

``python -m tests.fakes.hostile`` prints one line of JSON: file to processor seconds and peak MiB. Each file is read in
a process of its own, forked from one that has imported the readers, so that a peak is that file's and nobody else's.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from olmis_release.errors import ReleaseError
from olmis_release.instance.settings import read_settings
from olmis_release.manifest.defects.run import find
from olmis_release.manifest.importers.distribution import read_distribution
from olmis_release.manifest.layers import ExtensionManifest
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.yamlio import parse_yaml, read_model
from olmis_release.yamlio.guard import LIMIT_BYTES, RELEASE

FULL = LIMIT_BYTES - 64
TRIES, CHEAP_S = 3, 0.5
"""A file that is not cheap at once is read again: its cost is the least of the tries, the rest is the machine's."""


def repeated(unit: bytes, size: int = FULL) -> bytes:
    return (unit * (size // len(unit) + 1))[:size]


def rows(form: str, count: int) -> bytes:
    return "".join(form.format(i=i, n=i + 1) for i in range(count)).encode()


def bomb() -> bytes:
    levels = (f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(12))
    return ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(levels)).encode()


SERVICES = b"services:\n"
WIDE = b"  z: {image: x, environment: {" + b",".join(b"k%d: v" % i for i in range(2000)) + b"}}\n"

COMPOSE: dict[str, bytes] = {
    "aliases that multiply": bomb(),
    "an alias of itself": b"a: &a [*a]\n",
    "merge keys": b"x-a: &a {k: v}\n" + rows("x-{i}: &n{i} {{<<: [*a, *a, *a], z{i}: 1}}\n", 5000),
    "deep lists": b"[" * 100_000,
    "deep mappings": b"{a: " * 100_000,
    "deep blocks": b"".join(b" " * i + b"a:\n" for i in range(1400)),
    "many documents": repeated(b"---\na: 1\n"),
    "many services": SERVICES + rows("  s{i}: {{image: 'a/b:1', depends_on: [s{n}]}}\n", 8000),
    "services without neighbours": SERVICES + rows("  s{i}: {{image: 'a/b:1', depends_on: [z{n}]}}\n", 490),
    "volumes without services": SERVICES + rows("  s{i}: {{image: 'a/b:1', volumes: ['v{i}:/extensions']}}\n", 490),
    "wide copies": SERVICES + WIDE + rows("  s{i}: {{extends: z}}\n", 490),
    "long chains": SERVICES + rows("  s{i}: {{extends: s{n}}}\n", 490),
    "unknown keys": SERVICES + b"  a:\n    image: x\n" + rows("    enviromen{i}: 1\n", 24_000),
    "unknown sections": rows("servic{i}: 1\n", 24_000),
    "duplicate keys": repeated(b"a: 1\n"),
    "undefined variables": SERVICES + rows("  s{i}: {{image: 'a/b:${{V{i}}}'}}\n", 490),
    "nested defaults": b"services: {a: {image: '" + b"${A:-" * 100_000 + b"}" * 100_000 + b"'}}\n",
    "many dollars": b"services: {a: {image: '" + b"$B" * 300_000 + b"'}}\n",
    "a long image": b"services: {a: {image: '" + b"a/" * 500_000 + b"'}}",
    "a long tag": b"services: {a: {image: 'x:1" + b"-a" * 400_000 + b"'}}",
    "a long port": b"services: {a: {image: 'x:1', ports: ['" + b"1:" * 400_000 + b"']}}",
    "a long duration": b"services: {a: {image: 'x:1', stop_grace_period: '" + b"1m" * 400_000 + b"x'}}",
    "a long number": b"services: {a: {image: 'x:1', cpus: " + b"1" * 900_000 + b"}}",
    "many heaps": b"services: {a: {image: 'x:1', environment: {JAVA_OPTS: '" + b"-Xmx1g " * 140_000 + b"'}}}",
    "another encoding": "services: {}".encode("utf-16"),
    "quotes": repeated(b'"'),
    "questions": repeated(b"? "),
    "comments": repeated(b"#\n"),
    "a long name": SERVICES + b"  " + b"a" * 900_000 + b": {image: 'x:1'}\n",
    "a long key": SERVICES + b"  a: {image: 'x:1', " + b"a" * 900_000 + b": 1}\n",
    "one anchor, many aliases": b"x-a: &a {k: v, l: w}\n" + rows("x-{i}: *a\n", 40_000),
    "a long dependency": SERVICES + b"  a: {image: 'x:1', depends_on: ['" + b"b" * 900_000 + b"']}\n",
    "many ways round": SERVICES + rows("  s{i}: {{image: 'a/b:1', depends_on: [s{n}, s0, s1, s2]}}\n", 490),
    "many files": b"include: [" + b",".join(b"a%d.yml" % i for i in range(9_000)) + b"]\n",
    "too large": b"#" * (LIMIT_BYTES + 1),
}
ENVIRONMENTS: dict[str, bytes] = {
    "many variables": rows("OL_W{i}_VERSION=1\n", 40_000),
    "duplicates": repeated(b"A=1\n"),
    "a growing chain": b"A0=xxxxxxxxxx\n" + rows("A{n}=${{A{i}}}${{A{i}}}\n", 60),
    "bad lines": repeated(b"?? ??\n"),
    "open quotes": repeated(b'A="x\n'),
    "backslashes": b'A="' + b"\\" * 1_000_000,
    "open braces": b"A=" + b"${B:-" * 200_000,
    "closed braces": b"A=" + b"${B:-" * 100_000 + b"}" * 100_000,
    "blanks": b"A" + b" " * 1_000_000,
    "a long name": b"a" * 1_000_000 + b"=1",
    "comments": repeated(b"#\n"),
    "hashes": b"A=" + b" #" * 500_000,
    "returns": repeated(b"\r\n"),
    "a NUL": b"A=\x00",
    "not text": b"A=\xff\xfe",
}
OWN: dict[str, bytes] = {
    "unknown keys": b"kind: extension\n" + rows("k{i}: 1\n", 24_000),
    "bad components": b"kind: extension\ncomponents:\n" + rows("  c{i}: {{imag: 1}}\n", 12_000),
    "a long list": b"kind: extension\na: [" + b"1," * 400_000 + b"]",
    "aliases": bomb(),
    "depth": b"[" * 500_000,
}
RELEASES: dict[str, bytes] = {
    "unknown keys": b"kind: release\n" + rows("k{i}: 1\n", 54_000),
    "bad components": b"kind: release\nschema: 1\ncomponents:\n" + rows("  c{i}: {{imag: 1}}\n", 27_000),
    "bad origins": b"kind: release\nschema: 1\ncomponents:\n  a:\n    image: {repository: x}\n    origin:\n"
    + rows("      o{i}: {{layer: [1]}}\n", 22_000),
    "a long list": b"kind: release\na: [" + b"1," * 400_000 + b"]",
    "one long text": b"kind: release\na: " + b"x" * (2 * FULL - 20),
    "quotes": repeated(b'"', 2 * FULL),
    "comments": repeated(b"#\n", 2 * FULL),
    "too large": b"#" * (2 * LIMIT_BYTES + 1),
}
PLAIN = b"services: {a: {image: 'x:1'}}\n"


def read_folder(compose: bytes = PLAIN, env: bytes | None = None) -> None:
    """Read a distribution and look for defects in it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "docker-compose.yml").write_bytes(compose)
        if env is not None:
            Path(folder, ".env").write_bytes(env)
        find(read_distribution(folder))


def read_own(data: bytes) -> None:
    read_model(ExtensionManifest, parse_yaml(data, shown_as="mw.yml"))


def read_as_release(data: bytes) -> None:
    read_model(ReleaseManifest, parse_yaml(data, shown_as="rc1.yml", limits=RELEASE))


def read_as_settings(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        read_settings(Path(file.name), shown_as="uat.env")


def cases() -> Iterator[tuple[str, Callable[[bytes], None], bytes]]:
    yield from ((f"compose: {name}", read_folder, data) for name, data in COMPOSE.items())
    yield from ((f".env: {name}", lambda data: read_folder(env=data), data) for name, data in ENVIRONMENTS.items())
    yield from ((f"settings: {name}", read_as_settings, data) for name, data in ENVIRONMENTS.items())
    yield from ((f"own: {name}", read_own, data) for name, data in OWN.items())
    yield from ((f"release: {name}", read_as_release, data) for name, data in RELEASES.items())


def measured() -> dict[str, tuple[float, float]]:
    """Return processor seconds and peak MiB of each file; anything but a value or a typed error comes through."""
    names = [name for name, _, _ in cases()]
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as processes:
        return dict(zip(names, processes.imap(_cost, range(len(names)), chunksize=1), strict=True))


def _cost(number: int) -> tuple[float, float]:
    _, read, data = next(itertools.islice(cases(), number, None))
    tries = [_seconds(read, data)]
    while tries[-1] > CHEAP_S and len(tries) < TRIES:
        tries.append(_seconds(read, data))
    return min(tries), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _seconds(read: Callable[[bytes], None], data: bytes) -> float:
    begin = time.process_time()
    with suppress(ReleaseError):
        read(data)
    return time.process_time() - begin


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured()))
