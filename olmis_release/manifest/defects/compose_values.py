"""The small values of a compose file: what Docker Compose takes for a size, a duration, a port, a choice of words."""

from __future__ import annotations

import re

from olmis_release.manifest.defects.shapes import Either, Fields, Items, Scalar

TEXT = Scalar(what="text")
NULL = Scalar(what="empty", kinds=frozenset({"null"}))
NUMBER = Scalar(what="a number", kinds=frozenset({"number", "cast-number"}))
TEXT_OR_NUMBER = Scalar(what="text or a number", kinds=frozenset({"text", "number"}))
INTEGER = Scalar(
    what="a whole number", kinds=frozenset({"number", "cast-number"}), pattern=re.compile(r"[-+]?[0-9]+(?:e\+[0-9]+)?")
)
BOOLEAN = Scalar(what="true or false", kinds=frozenset({"bool", "cast-bool"}))
VALUE = Scalar(what="one value", kinds=frozenset({"text", "number", "bool", "null"}))
SIZE = Scalar(
    what="a size such as 512m",
    kinds=frozenset({"text", "number"}),
    pattern=re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)? ?(?:[kKmMgGtTpP]?(?:i?[bB])?)?"),
)
DURATION = Scalar(
    what="a duration such as 1m30s", pattern=re.compile(r"(?:[0-9]+(?:\.[0-9]*)?(?:us|µs|ms|ns|s|m|h|d))+|0")
)
CPUS = Scalar(
    what="a number of CPUs", kinds=frozenset({"text", "number"}), pattern=re.compile(r"[0-9]*\.?[0-9]+|[0-9]+\.")
)
_ONE_PORT = r"(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|0*[0-9]{1,4})"
_PORTS = rf"{_ONE_PORT}(?:-{_ONE_PORT})?"
PORT = Scalar(
    what="a port mapping such as 8080:80",
    kinds=frozenset({"text", "number"}),
    pattern=re.compile(rf"(?:(?:\[[^\]]*\]|[^:\[\]/]+):)?(?:(?:{_PORTS})?:)?{_PORTS}(?:/\w+)?"),
)


def word(*words: str) -> Scalar:
    """Return one of some words."""
    return Scalar(what=" or ".join(f"`{word}`" for word in words), pattern=re.compile("|".join(map(re.escape, words))))


def either(*shapes: Scalar | Items | Fields) -> Either:
    """Return one of several shapes."""
    return Either(shapes=shapes)


TEXTS = Items(of=TEXT, what="a list of texts")
TEXT_OR_TEXTS = either(TEXT, TEXTS)
HOST = Scalar(what="a host such as name=address", pattern=re.compile(r"[^=:]+[=:].+"))
HOSTS = either(Fields(others=TEXT_OR_TEXTS), Items(of=HOST))
PULL_POLICY = Scalar(
    what="a pull policy (always, never, missing, build)",
    pattern=re.compile(r"always|never|if_not_present|missing|build|refresh|daily|weekly|every_.+"),
)
COMMAND_WORD = Scalar(what="CMD, CMD-SHELL or NONE", pattern=re.compile(r"CMD(?:-SHELL)?|NONE"))
OPTION = Scalar(what="text or a number", kinds=frozenset({"text", "number", "null"}))
MOUNT_TEXT = Scalar(what="a mount", pattern=re.compile(r"(?s).+"))
PROJECT = Scalar(what="a project name (a-z, 0-9, _, -)", pattern=re.compile(r"(?:[a-z0-9][a-z0-9_-]*)?"))
