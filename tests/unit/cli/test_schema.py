"""JSON Schemas: that they are there, and that the files we ship are what they say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from olmis_release.cli.schemas import SCHEMAS, schema
from tests.fakes.cli import Desk

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_json_and_refuses_unknown_keys(desk: Desk, name: str) -> None:
    told = desk.type("schema", name)
    assert told.status == 0
    assert told.json["additionalProperties"] is False


def test_an_unknown_schema_is_named(desk: Desk) -> None:
    told = desk.type("schema", "instnace")
    assert (told.status, "Did you mean `instance`?" in told.err) == (2, True)


def test_fields_carry_what_their_docstring_says() -> None:
    assert schema("instance")["properties"]["time_zone"]["type"] == ["string", "number", "boolean"]
    assert "Compose project" in schema("instance")["properties"]["project"]["description"]


def test_a_new_workspace_has_the_schemas_that_its_files_refer_to(desk: Desk, tmp_path: Path) -> None:
    desk.type("init", str(tmp_path / "new"))
    refers = [path for path in (tmp_path / "new/manifests").rglob("*.yml") if "$schema=" in path.read_text("utf-8")]
    assert len(refers) >= 4
    for path in refers:
        line = path.read_text("utf-8").splitlines()[0]
        target = path.parent / line.partition("$schema=")[2]
        assert json.loads(target.read_text("utf-8"))["$schema"].startswith("https://json-schema.org/")


def test_the_schemas_of_this_workspace_are_up_to_date(desk: Desk) -> None:
    for path in (ROOT / "manifests/schemas").glob("*.json"):
        assert json.loads(path.read_text("utf-8")) == schema(path.stem), "run `olmis-release schema --write`"


@pytest.mark.parametrize("path", sorted((ROOT / "manifests").glob("*/*.yml")), ids=lambda path: path.name)
def test_our_own_files_pass_as_an_editor_reads_them(path: Path) -> None:
    name = {"core": "core", "extensions": "extension", "instances": "instance"}.get(path.parent.name, "release")
    known = schema(name)
    assert list(_wrong(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader), known, known)) == []


def _wrong(value: Any, rule: dict[str, Any], root: dict[str, Any]) -> Iterator[Any]:
    """Yield what breaks a rule, for the part of JSON Schema that our models use."""
    if "$ref" in rule:
        yield from _wrong(value, root["$defs"][rule["$ref"].rpartition("/")[2]], root)
    elif "anyOf" in rule:
        yield from () if any(not list(_wrong(value, arm, root)) for arm in rule["anyOf"]) else (value,)
    elif "type" in rule and not _is(value, rule["type"]):
        yield (value, rule["type"])
    else:
        yield from _wrong_inside(value, rule, root)


def _wrong_inside(value: Any, rule: dict[str, Any], root: dict[str, Any]) -> Iterator[Any]:
    below = {}
    if isinstance(value, dict):
        others = rule.get("additionalProperties", {})
        below = {key: rule.get("properties", {}).get(key, others) for key in value}
        yield from (f"unknown key {key}" for key, inner in below.items() if inner is False)
    elif isinstance(value, list):
        below = dict.fromkeys(range(len(value)), rule.get("items", {}))
    for key, inner in below.items():
        yield from _wrong(value[key], inner, root) if isinstance(inner, dict) else ()


def _is(value: Any, types: str | list[str]) -> bool:
    kinds = {
        "string": str,
        "number": (int, float),
        "integer": int,
        "boolean": bool,
        "null": type(None),
        "array": list,
        "object": dict,
    }
    return any(isinstance(value, kinds[kind]) for kind in ([types] if isinstance(types, str) else types))  # type: ignore[arg-type]
