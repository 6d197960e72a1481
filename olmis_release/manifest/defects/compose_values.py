"""The small values of a compose file: what Docker Compose takes for a size, a duration, a port, a choice of words."""

from __future__ import annotations

import re
from dataclasses import replace

from olmis_release.manifest.defects.shapes import Either, Fields, Items, Scalar
from olmis_release.manifest.defects.shorthands import is_command, is_mount, is_port

_DECIMAL = re.compile(r"[-+]?[0-9]*\.[0-9]+(?:e[-+]?[0-9]+)?\Z")

TEXT = Scalar(what="text")
NULL = Scalar(what="empty", kinds=frozenset({"null"}))
NUMBER = Scalar(what="a number", kinds=frozenset({"number", "cast-number"}))
TEXT_OR_NUMBER = Scalar(what="text or a number", kinds=frozenset({"text", "number"}))
INTEGER = Scalar(
    what="a whole number", kinds=frozenset({"number", "cast-number"}), pattern=re.compile(r"[-+]?[0-9]+(?:e\+[0-9]+)?")
)
BOOLEAN = Scalar(what="true or false", kinds=frozenset({"bool", "cast-bool"}))
VALUE = Scalar(
    what="one value",
    kinds=frozenset({"text", "number", "bool", "null"}),
    fits=lambda text: text not in {"+Inf", "-Inf", "NaN"},
)
TARGET_PORT = Scalar(what="a port", kinds=INTEGER.kinds, pattern=re.compile(r"0*[1-9][0-9]*"))
NOT_NEGATIVE = Scalar(
    what="a whole number from 0 on", kinds=INTEGER.kinds, pattern=re.compile(r"\+?[0-9]+(?:e\+[0-9]+)?")
)
OOM_SCORE = Scalar(
    what="a whole number from -1000 to 1000",
    kinds=INTEGER.kinds,
    pattern=re.compile(r"[-+]?(?:1000|[0-9]{1,3})"),
)
TEXT_OR_INTEGER = Scalar(
    what="text or a whole number", kinds=frozenset({"text", "number"}), fits=lambda text: not _DECIMAL.match(text)
)
_SIZE = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)? ?(?:[kKmMgGtTpP]?(?:i?[bB])?)?")
_BELOW_NULL = Scalar(
    what="a negative number", kinds=frozenset({"number"}), pattern=re.compile(r"-[0-9.]+(?:e[-+]?[0-9]+)?")
)
_BYTES = Scalar(what="a size such as 512m", kinds=frozenset({"text", "number"}), pattern=_SIZE)
WHOLE_SIZE = replace(_BYTES, cut=False)
DURATION = Scalar(
    what="a duration such as 1m30s", pattern=re.compile(r"(?:[0-9]+(?:\.[0-9]*)?(?:us|µs|ms|ns|s|m|h))+|0")
)
CPUS = Scalar(
    what="a number of CPUs", kinds=frozenset({"text", "number"}), pattern=re.compile(r"[0-9]*\.?[0-9]+|[0-9]+\.")
)
PORT = Scalar(what="a port mapping such as 8080:80", kinds=frozenset({"text", "number"}), fits=is_port)


def word(*words: str) -> Scalar:
    """Return one of some words."""
    return Scalar(what=" or ".join(f"`{word}`" for word in words), pattern=re.compile("|".join(map(re.escape, words))))


def either(*shapes: Scalar | Items | Fields) -> Either:
    """Return one of several shapes."""
    return Either(shapes=shapes)


SIZE = either(_BYTES, _BELOW_NULL)

WHOLE_OR_CUT = either(INTEGER, Scalar(what="a number", kinds=frozenset({"number"})))
TEXTS = Items(of=TEXT, what="a list of texts")
UNIQUE_TEXTS = Items(of=TEXT, what="a list of texts", unique=True)
FILE_NAME = Scalar(what="the name of a file", pattern=re.compile(r"(?s).+"))
MEMORY_TEXT = Scalar(what="a size in quotes or with its unit", pattern=_SIZE)
TRUE_NUMBER = Scalar(what="a whole number without quotes", kinds=frozenset({"number"}), pattern=INTEGER.pattern)
TRUE_OR_FALSE = Scalar(what="true or false without quotes", kinds=frozenset({"bool"}))
TEXT_OR_TEXTS = either(TEXT, TEXTS)
HOST = Scalar(what="a host such as name=address", pattern=re.compile(r"[^=:]+[=:].+"))
HOSTS = either(Fields(others=TEXT_OR_TEXTS), Items(of=HOST, unique=True))
PULL_POLICY = Scalar(
    what="a pull policy (always, never, missing, build)",
    pattern=re.compile(r"always|never|if_not_present|missing|build"),
    newer=re.compile(r"refresh|daily|weekly|every_.+"),
)
COMMAND_WORD = Scalar(what="CMD, CMD-SHELL or NONE", pattern=re.compile(r"CMD(?:-SHELL)?|NONE"))
OPTION = Scalar(what="text or a number", kinds=frozenset({"text", "number", "null"}))
MOUNT_TEXT = Scalar(what="a mount such as data:/data", fits=is_mount)
COMMAND_TEXT = Scalar(what="a command line, its quotes closed", fits=is_command)
NAME = re.compile(r"[A-Za-z0-9._-]+")
PROJECT = Scalar(what="a project name (a-z, 0-9, _, -)", pattern=re.compile(r"(?s).*[A-Za-z0-9].*|"))
