"""JSON Schemas: that they are there, and that the files we ship are what they say."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from olmis_release.cli.schemas import SCHEMAS, WRITTEN, schema
from olmis_release.manifest.promotion import Overridden, Promotion
from tests.fakes.cli import Desk
from tests.fakes.manifest import CORE

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
    assert {path.stem for path in (ROOT / "manifests/schemas").glob("*.json")} == set(WRITTEN)
    for path in (ROOT / "manifests/schemas").glob("*.json"):
        assert json.loads(path.read_text("utf-8")) == schema(path.stem), "run `olmis-release schema --write`"


@pytest.mark.parametrize("path", sorted((ROOT / "manifests").glob("*/*.yml")), ids=lambda path: path.name)
def test_our_own_files_pass_as_an_editor_reads_them(path: Path) -> None:
    name = {"core": "core", "extensions": "extension", "instances": "instance"}.get(path.parent.name, "release")
    assert wrong_in(path, name) == []
    assert path.read_text("utf-8").startswith(f"# yaml-language-server: $schema=../schemas/{name}.json\n")


def test_the_policy_of_this_workspace_passes() -> None:
    assert wrong_in(ROOT / "manifests/policy.yml", "policy") == []


def test_what_a_new_workspace_holds_passes(desk: Desk, tmp_path: Path) -> None:
    desk.type("init", str(tmp_path / "new"))
    names = {"core": "core", "extensions": "extension", "instances": "instance", "manifests": "policy"}
    found = list((tmp_path / "new/manifests").rglob("*.yml"))
    assert {names[path.parent.name] for path in found} == set(names.values())
    for path in found:
        assert wrong_in(path, names[path.parent.name]) == []


def test_what_the_tool_itself_writes_passes(desk: Desk) -> None:
    desk.write("manifests/core/3.5.0.yml", CORE)
    desk.write("manifests/extensions/mw.yml", 'kind: extension\nname: mw\ncore: ">=3.5.0,<3.6.0"\ncomponents: {}\n')
    assert desk.type("candidate", "3.5.0+mw1", "--offline").status == 0
    patch = ("--set", "report=1.1.3", "--ticket", "MW-1", "--impact", "minor", "--urgency", "low")
    assert desk.type("patch", "3.5.0+mw2", "--from", "3.5.0+mw1", *patch, "--offline").status == 0
    code = desk.deployed().code
    promotion = Promotion(
        release="3.5.0+mw1",
        candidate="manifests/candidates/3.5.0+mw1/rc1.yml",
        sha256="a" * 64,
        released="2026-11-28T17:00:00Z",
        by="M. Banda",
        verified=True,
        overrides=(Overridden(defect="untagged-image", message="m", reason="r"),),
    )
    desk.write("manifests/releases/3.5.0+mw1.json", promotion.model_dump_json())
    for path, name in (
        ("manifests/candidates/3.5.0+mw1/rc1.yml", "release"),
        ("manifests/candidates/3.5.0+mw2/rc1.yml", "release"),
        ("manifests/releases/3.5.0+mw1.yml", "release"),
        ("manifests/releases/3.5.0+mw1.json", "promotion"),
        (f"plans/{code}/plan.json", "plan"),
        (f"plans/{code}/record.json", "record"),
    ):
        assert wrong_in(desk.root / path, name) == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("core: 3", "core: {}"),
        ("{pin: 1.1.3, reason: MW-1}", "{pinned: 1.1.3}"),
        ("kind: extension", "kind: core"),
        ("name: mw", ""),
    ],
)
def test_an_editor_would_see_what_is_wrong(tmp_path: Path, path: str, wrong: str) -> None:
    good = "kind: extension\nname: mw\ncore: 3\ncomponents: {report: {pin: 1.1.3, reason: MW-1}}\n"
    file = tmp_path / "mw.yml"
    file.write_text(good.replace(path, wrong), encoding="utf-8")
    assert wrong_in(file, "extension") != []


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_names_its_dialect_and_holds_all_that_it_refers_to(name: str) -> None:
    known = schema(name)
    assert known["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for rule in _rules(known):
        if "$ref" in rule:
            assert rule["$ref"].rpartition("/")[2] in known["$defs"]


def _rules(rule: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and every schema inside it."""
    yield rule
    named = [*rule.get("properties", {}).values(), *rule.get("$defs", {}).values()]
    inner = [rule.get(key) for key in ("items", "additionalProperties", "propertyNames")]
    for one in (*named, *inner, *rule.get("anyOf", []), *rule.get("allOf", []), *rule.get("prefixItems", [])):
        if isinstance(one, dict):
            yield from _rules(one)


class AsEditors(yaml.CSafeLoader):
    """YAML 1.2 as editors read it: `off` and `2026-11-28` are texts."""


AsEditors.yaml_implicit_resolvers = {
    first: [
        (tag, re.compile("true|false") if tag.endswith(":bool") else pattern)
        for tag, pattern in resolvers
        if not tag.endswith(":timestamp")
    ]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def wrong_in(path: Path, name: str) -> list[Any]:
    """Return what an editor would underline in a file."""
    known = schema(name)
    return list(_wrong(yaml.load(path.read_text("utf-8"), Loader=AsEditors), known, known))


def _wrong(value: Any, rule: dict[str, Any], root: dict[str, Any]) -> Iterator[Any]:
    """Yield what breaks a rule, for the part of JSON Schema that our models use."""
    if "$ref" in rule:
        yield from _wrong(value, root["$defs"][rule["$ref"].rpartition("/")[2]], root)
    elif "anyOf" in rule:
        yield from () if any(not list(_wrong(value, arm, root)) for arm in rule["anyOf"]) else (value,)
    elif value not in rule.get("enum", [value]) or value != rule.get("const", value):
        yield (value, rule.get("enum", rule.get("const")))
    elif "type" in rule and not _is(value, rule["type"]):
        yield (value, rule["type"])
    else:
        yield from _wrong_inside(value, rule, root)


def _wrong_inside(value: Any, rule: dict[str, Any], root: dict[str, Any]) -> Iterator[Any]:
    below = {}
    if isinstance(value, dict):
        yield from (f"missing {key}" for key in rule.get("required", []) if key not in value)
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
