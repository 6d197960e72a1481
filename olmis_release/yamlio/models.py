"""From a document to a pydantic model, with every problem named and placed at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from olmis_release.errors import BadInput, Problem
from olmis_release.text import did_you_mean, listed, safe
from olmis_release.yamlio.document import Document, KeyPath

LIMIT_PROBLEMS = 300
"""More than that nobody reads, and a file that has them is the wrong file."""

M = TypeVar("M", bound=BaseModel)

_WORDS = {
    "dict_type": "must be a mapping (`key: value` lines)",
    "model_type": "must be a mapping (`key: value` lines)",
    "model_attributes_type": "must be a mapping (`key: value` lines)",
    "list_type": "must be a list (`- value` lines)",
    "tuple_type": "must be a list (`- value` lines)",
    "string_type": "must be text",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
}


def read_model(model: type[M], document: Document) -> M:
    """Return the document as a model.

    Raises:
        BadInput: Every problem with file, line and column; unknown keys with the nearest known one.
    """
    try:
        return model.model_validate(_with_nulls(document.data, document, ()))
    except ValidationError as error:
        first = islice(_problems(error, model, document), LIMIT_PROBLEMS)
        found = {str(problem): problem for problem in first}
        raise BadInput(sorted(found.values(), key=_by_place)) from None


def _by_place(problem: Problem) -> tuple[int, int]:
    return (problem.where.line, problem.where.column) if problem.where else (0, 0)


def _with_nulls(value: Any, document: Document, path: KeyPath) -> Any:
    """Put None where the file had YAML's null: models say themselves whether that means empty or absent."""
    if not document.nulls:
        return value
    if isinstance(value, dict):
        return {key: _with_nulls(item, document, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_nulls(item, document, (*path, index)) for index, item in enumerate(value)]
    return None if path in document.nulls else value


def _problems(error: ValidationError, model: type[BaseModel], document: Document) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        path = _path(detail, document)
        if detail["type"] == "extra_forbidden":
            yield _unknown_key(path, model, document)
            continue
        of_key = bool(detail["loc"]) and detail["loc"][-1] == "[key]"
        place = document.where_key(path) if of_key or detail["type"] == "missing" else document.where(path)
        yield Problem(code="E-VALUE", message=_message(detail, path), resolution="", where=place)


def _path(detail: ErrorDetails, document: Document) -> KeyPath:
    """Return where an error is in the document; pydantic's own words for the arms of a union are no keys of it."""
    path: KeyPath = ()
    here: Any = document.data
    for part in detail["loc"]:
        below = _step(here, part)
        if below is not None:
            here, path = below, (*path, part)
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else path


def _step(here: Any, part: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(part)
    return here[part] if isinstance(here, list) and isinstance(part, int) and part < len(here) else None


def _dotted(path: KeyPath) -> str:
    return safe(".".join(str(part) for part in path)) or "the file"


def _message(detail: ErrorDetails, path: KeyPath) -> str:
    name = _dotted(path)
    if detail["type"] == "missing":
        return f"`{name}` is missing."
    if detail["type"] == "value_error":
        return f"`{name}`: {safe(str(detail['ctx']['error']))}."
    if detail["type"] in {"literal_error", "enum"}:
        return f"`{name}` is {safe(repr(detail['input']))}, must be {detail['ctx']['expected']}."
    words = _WORDS.get(detail["type"], detail["msg"][:1].lower() + detail["msg"][1:])
    return f"`{name}` {words}, not {safe(_shown(detail['input']))}."


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return repr(value) if len(str(value)) <= 60 else repr(str(value)[:60]) + "…"


def _unknown_key(path: KeyPath, model: type[BaseModel], document: Document) -> Problem:
    known = _keys_at(model, path[:-1])
    advice = did_you_mean(str(path[-1]), known) or f"Known keys: {listed(known)}."
    message = f"unknown key `{_dotted(path)}`."
    return Problem(code="E-UNKNOWN-KEY", message=message, resolution=advice, where=document.where_key(path))


def _keys_at(model: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """Return the keys that a file may have at a path inside a model."""
    here: Any = model
    for part in path:
        here = _below(here, part)
    inside = _model_in(here)
    return tuple(field.alias or name for name, field in inside.model_fields.items()) if inside else ()


def _below(annotation: Any, part: str | int) -> Any:
    inside = _model_in(annotation)
    if inside and not _is_container(annotation):
        for name, field in inside.model_fields.items():
            if part in {field.alias, name}:
                return field.annotation
    arguments = [_below_container(argument) for argument in (annotation, *get_args(annotation))]
    return next((argument for argument in arguments if argument is not None), None)


def _is_container(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) in {dict, list, tuple}


def _below_container(annotation: Any) -> Any:
    if not _is_container(annotation):
        return None
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    return arguments[-1] if arguments else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation stands for, through Optional and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and not _is_container(annotation):
        return annotation
    if _is_container(annotation):
        return None
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model), None)
