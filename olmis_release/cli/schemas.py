"""JSON Schemas of every file of a workspace, made from the models that read them, so that editors know them too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from olmis_release.workspace import Workspace

FOLDER = "schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ATTRIBUTES = re.compile(r"^ *Attributes:\n(?P<body>(?:(?: {4}.*)?\n?)*)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^ {4}(?P<names>\w+(?:, \w+)*): (?P<text>.*(?:\n {8}.*)*)", re.MULTILINE)


def _core() -> type[BaseModel]:
    from olmis_release.manifest.layers import CoreManifest

    return CoreManifest


def _extension() -> type[BaseModel]:
    from olmis_release.manifest.layers import ExtensionManifest

    return ExtensionManifest


def _release() -> type[BaseModel]:
    from olmis_release.manifest.model import ReleaseManifest

    return ReleaseManifest


def _instance() -> type[BaseModel]:
    from olmis_release.instance.config import InstanceConfig

    return InstanceConfig


def _registries() -> type[BaseModel]:
    from olmis_release.manifest.registries import Registries

    return Registries


def _policy() -> type[BaseModel]:
    from olmis_release.manifest.policy import Policy

    return Policy


def _promotion() -> type[BaseModel]:
    from olmis_release.manifest.promotion import Promotion

    return Promotion


def _plan() -> type[BaseModel]:
    from olmis_release.plan.model import Plan

    return Plan


def _approval() -> type[BaseModel]:
    from olmis_release.plan.approval.statement import Statement

    return Statement


def _inputs() -> type[BaseModel]:
    from olmis_release.plan.inputs import Inputs

    return Inputs


def _record() -> type[BaseModel]:
    from olmis_release.plan.records import Record

    return Record


SCHEMAS: Mapping[str, tuple[str, Callable[[], type[BaseModel]]]] = {
    "core": ("manifests/core/VERSION.yml", _core),
    "extension": ("manifests/extensions/NAME.yml", _extension),
    "instance": ("manifests/instances/NAME.yml", _instance),
    "policy": ("manifests/policy.yml", _policy),
    "registries": ("manifests/registries.yml", _registries),
    "release": ("manifests/candidates/VERSION/rcN.yml and manifests/releases/VERSION.yml", _release),
    "promotion": ("manifests/releases/VERSION.json", _promotion),
    "plan": ("plans/CODE/plan.json", _plan),
    "approval": ("plans/CODE/approvals/NAME.json", _approval),
    "inputs": ("plans/CODE/inputs.yml", _inputs),
    "record": ("plans/CODE/record.json", _record),
}
"""Name of a schema to the files it is for, and the model that reads them."""

WRITTEN = ("core", "extension", "instance", "policy", "registries", "release")
"""The schemas of files that people open in an editor."""


def schema(name: str) -> dict[str, Any]:
    """Return a schema; what is text to us (``1.10``, ``true``) may be written as YAML likes in the editor too."""
    model = SCHEMAS[name][1]()
    plain = model.model_json_schema(by_alias=True, mode="validation")
    relaxed = _relaxed(plain) if SCHEMAS[name][0].endswith(".yml") else plain
    if "ComposeValue" in relaxed.get("$defs", {}):  # an empty value of a Compose body is an empty text
        relaxed["$defs"]["ComposeValue"]["anyOf"].append({"type": "null"})
    return {"$schema": _DIALECT, **_described(relaxed, model), "title": f"olmis-release: {name}"}


def schema_text(name: str) -> str:
    """Return a schema as the text of a file."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def write_schemas(workspace: Workspace) -> tuple[Path, ...]:
    """Write the schemas that manifests refer to, ``manifests/schemas/NAME.json``; returns those that changed."""
    folder = workspace.root / "manifests" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name in WRITTEN:
        path, text = folder / f"{name}.json", schema_text(name)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return tuple(changed)


def _relaxed(value: Any) -> Any:
    """Let any scalar stand where text is read: our reader takes every scalar for the text it is written as."""
    if isinstance(value, list):
        return [_relaxed(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _relaxed(item) for key, item in value.items() if key != "title" or isinstance(item, dict)}
    if inner.get("type") == "string" and not {"enum", "const", "pattern"} & inner.keys():
        inner["type"] = ["string", "number", "boolean"]
    return inner


def _described(plain: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Give every field what its model's docstring says about it, for the editor to show."""
    _describe(plain, model.__doc__ or "")
    for definition in plain.get("$defs", {}).values():
        _describe(definition, definition.get("description", ""))
    return plain


def _describe(definition: dict[str, Any], documentation: str) -> None:
    from inspect import cleandoc

    text = cleandoc(documentation)
    definition["description"] = text.partition("\n\nAttributes:")[0]
    if not text:
        del definition["description"]
    attributes = _ATTRIBUTES.search(text)
    for match in _ATTRIBUTE.finditer(attributes["body"] if attributes else ""):
        for name in match["names"].split(", "):
            if name in definition.get("properties", {}):
                definition["properties"][name]["description"] = " ".join(match["text"].split())
