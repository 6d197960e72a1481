"""Variables in a text as Compose fills them in: ``$NAME``, ``${NAME}``, ``${NAME:-x}`` and its kin, ``$$``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACE = re.compile(r"\$\{|\}")
_OPERATOR = re.compile(r":?[-?+]")
LIMIT_NESTING = 20
LIMIT_LENGTH = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A variable that a text refers to.

    Attributes:
        default: What stands in when it is not defined, None when nothing does.
        demanded: What the text says when it must be defined (``${NAME:?text}``), None when it says nothing.
        defined: It has a value, and one that the operator takes.
        tests: Only whether it is defined matters (``${NAME:+x}``).
    """

    name: str
    default: str | None = None
    demanded: str | None = None
    defined: bool
    tests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A text with its variables filled in.

    Attributes:
        text: The text; ``${NAME}`` is left only where nothing defines NAME, a literal ``${`` is ``$${``.
        open_text: The same with ``${NAME}`` also where a default stands in.
        references: Every variable met, those inside of defaults that count included.
        wrong: What makes the text malformed, empty when it is well formed.
    """

    text: str
    open_text: str
    references: tuple[Reference, ...] = ()
    wrong: str = ""


@dataclass(slots=True, kw_only=True)
class _State:
    """What a fill goes through: the values, and what it met so far."""

    values: Mapping[str, str]
    leave: bool
    references: list[Reference] = field(default_factory=list)
    length: int = 0


class Malformed(ValueError):
    """A text that Compose refuses."""


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """Return a text with the values filled in."""
    if "$" not in text:
        return Filled(text=text, open_text=text)
    state = _State(values=values, leave=True)
    try:
        closed, opened = _filled(text, state, 0)
    except Malformed as error:
        return Filled(text=text, open_text=text, wrong=str(error))
    return Filled(text=closed, open_text=opened, references=tuple(state.references))


def _filled(text: str, state: _State, depth: int) -> tuple[str, str]:
    """Return the text with values, and with ``${NAME}`` where defaults stand in."""
    if depth > LIMIT_NESTING:
        raise Malformed(f"variables are nested deeper than {LIMIT_NESTING}")
    closed: list[str] = []
    opened: list[str] = []
    position = 0
    while position < len(text):
        dollar = text.find("$", position)
        end = len(text) if dollar < 0 else dollar
        closed.append(text[position:end])
        opened.append(text[position:end])
        position = end
        if dollar >= 0:
            (one, other), position = _at_dollar(text, dollar, state, depth=depth)
            closed.append(one)
            opened.append(other)
            _limit(state, len(one))
    return "".join(closed), "".join(opened)


def _limit(state: _State, length: int) -> None:
    state.length += length
    if state.length > LIMIT_LENGTH:
        raise Malformed(f"its variables make it longer than {LIMIT_LENGTH:,} characters")


def _at_dollar(text: str, dollar: int, state: _State, *, depth: int) -> tuple[tuple[str, str], int]:
    """Return what a ``$`` stands for and where the text goes on after it."""
    following = text[dollar + 1 : dollar + 2]
    if following == "$":
        literal = "$$" if text[dollar + 2 : dollar + 3] == "{" else "$"
        return (literal, literal), dollar + 2
    if following == "{":
        end = _closing(text, dollar + 2)
        return _braced(text[dollar + 2 : end], state, depth=depth), end + 1
    match = _NAME.match(text, dollar + 1)
    if not match:
        return ("$", "$"), dollar + 1  # Compose leaves it as it is: `cost $5`
    return _plain(match.group(), state), match.end()


def _closing(text: str, start: int) -> int:
    """Return where the brace closes that opened before `start`; inner ``${`` open further ones."""
    depth = 1
    for brace in _BRACE.finditer(text, start):
        depth += -1 if brace.group() == "}" else 1
        if depth == 0:
            return brace.start()
        if depth > LIMIT_NESTING:
            raise Malformed(f"variables are nested deeper than {LIMIT_NESTING}")
    raise Malformed(f"`{text[start - 2 : start + 20]}` has no closing brace")


def _plain(name: str, state: _State) -> tuple[str, str]:
    defined = name in state.values
    state.references.append(Reference(name=name, defined=defined))
    value = literal(state.values[name]) if defined else f"${{{name}}}"
    return value, value


def literal(value: str) -> str:
    """Return plain text in the notation of the result, where only ``${`` would mean something."""
    return value.replace("${", "$${")


def _braced(inside: str, state: _State, *, depth: int) -> tuple[str, str]:
    match = _NAME.match(inside)
    operator = _OPERATOR.match(inside, match.end()) if match else None
    if not match or (match.end() != len(inside) and not operator):
        raise Malformed(f"`${{{inside[:40]}}}` is no variable; names are letters, digits and _")
    if operator is None:
        return _plain(match.group(), state)
    return _OPERATIONS[operator.group()[-1]](match.group(), operator.group(), inside[operator.end() :], state, depth)


def _counts(name: str, operator: str, state: _State) -> bool:
    """Return whether a variable counts as defined: with a colon an empty one does not."""
    value = state.values.get(name)
    return bool(value) if operator.startswith(":") else value is not None


def _default(name: str, operator: str, rest: str, state: _State, depth: int) -> tuple[str, str]:  # noqa: PLR0917
    if _counts(name, operator, state):
        state.references.append(Reference(name=name, defined=True, default=rest))
        value = literal(state.values[name])
        return value, value
    closed, _ = _filled(rest, state, depth + 1)
    state.references.append(Reference(name=name, defined=False, default=closed))
    return closed, f"${{{name}}}"


def _demand(name: str, operator: str, rest: str, state: _State, depth: int) -> tuple[str, str]:  # noqa: PLR0917
    del depth  # the words of a demand are shown, never filled in
    defined = _counts(name, operator, state)
    state.references.append(Reference(name=name, defined=defined, demanded=rest))
    value = literal(state.values[name]) if defined else f"${{{name}}}"
    return value, value


def _alternative(name: str, operator: str, rest: str, state: _State, depth: int) -> tuple[str, str]:  # noqa: PLR0917
    defined = _counts(name, operator, state)
    state.references.append(Reference(name=name, defined=defined, tests=True, default=""))
    return _filled(rest, state, depth + 1) if defined else ("", "")


_Operation = Callable[[str, str, str, _State, int], tuple[str, str]]
_OPERATIONS: dict[str, _Operation] = {"-": _default, "?": _demand, "+": _alternative}
