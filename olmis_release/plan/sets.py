"""Plan sets: the folder ``plans/<code>/`` with the plan, the Compose files it runs, and its renderings.

``plan.json`` is canonical JSON (RFC 8785); its SHA-256 names the folder. The Compose files' hashes are in the plan, so
the one code covers everything that decides what will run.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785
from pydantic import ValidationError

from olmis_release.errors import BadInput, PlanStale
from olmis_release.plan.codes import code_from, read_code, sha256
from olmis_release.plan.documents import documents_of
from olmis_release.plan.documents.calendar_file import Dated, calendar_of
from olmis_release.plan.files import sync_folder, write_new
from olmis_release.plan.model import Outcome, Plan
from olmis_release.plan.records import in_plan_folders, runs
from olmis_release.text import did_you_mean, listed, safe
from olmis_release.workspace import Workspace

PLAN = "plan.json"
COMPOSE = "compose.yml"
PREVIOUS = "previous.yml"
LIMIT_BYTES = 16 * 1024 * 1024
INPUTS = "inputs.yml"
CALENDAR = "plan.ics"
COMPOSE_MODE = 0o600
"""Rendered Compose files may hold values out of the settings file."""

_LATER_IN_PLANS = (
    "patch",
    "rollback_s",
    "rollback_basis",
    "time_zones",
    "languages",
    "assessment",
    "window",
    "schedule",
    "inputs",
    "rules",
    "smoke",
    "contacts",
)
_LATER_IN_CHANGES = ("keys_added", "keys_removed")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSet:
    """A plan, the code people know it by, and the folder that holds its files."""

    plan: Plan
    code: str
    folder: Path

    @property
    def sha256(self) -> str:
        """The full hash that an approval is bound to."""
        return hash_of(self.plan)


def canonical(plan: Plan) -> bytes:
    """Return the one sequence of bytes that says this plan.

    What came into plans later is left out where it says nothing: plans made before there was such a thing keep their
    hash.
    """
    return rfc8785.dumps(_without_silence(plan, plan.model_dump(mode="json")))


def _without_silence(plan: Plan, dumped: dict[str, Any]) -> dict[str, Any]:
    for name in _LATER_IN_PLANS:
        if getattr(plan, name) == Plan.model_fields[name].get_default(call_default_factory=True):
            del dumped[name]
    if not plan.base.signers:
        del dumped["base"]["signers"]
    for change in dumped["changes"]:
        for name in _LATER_IN_CHANGES:
            if not change[name]:
                del change[name]
    return dumped


def hash_of(plan: Plan) -> str:
    """Return the SHA-256 of a plan."""
    return sha256(canonical(plan))


def code_of(plan: Plan) -> str:
    """Return the code of a plan, for example ``F7DS-JEEJ``."""
    return code_from(hash_of(plan))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What lies beside a plan: the Compose files that it runs, and the file of inputs as people wrote it.

    Attributes:
        revision: How often this release was planned for this instance before.
    """

    compose_text: str
    previous_text: str | None
    inputs_text: bytes | None = None
    revision: int = 0


def write_plan(
    workspace: Workspace,
    plan: Plan,
    *,
    compose_text: str,
    previous_text: str | None,
    inputs_text: bytes | None = None,
) -> PlanSet:
    """Write a plan's folder, whole or not at all; writing the same plan again changes nothing.

    Raises:
        BadInput: The folder cannot be written to, or the disk is full.
    """
    plan_set = PlanSet(plan=plan, code=code_of(plan), folder=workspace.plan(code_of(plan)))
    if plan_set.folder.exists():
        return load_plan(workspace, plan_set.code)
    beside = Beside(
        compose_text=compose_text,
        previous_text=previous_text,
        inputs_text=inputs_text,
        revision=revision_of(workspace, plan),
    )
    try:
        _write(workspace, plan_set, beside)
    except OSError as error:
        raise BadInput.one(
            f"{workspace.relative(workspace.plans)}/ cannot be written: {error.strerror}.",
            resolution="Check the folder's rights and the room on its disk; no plan was written.",
            code="E-UNWRITABLE",
        ) from error
    return plan_set


def _write(workspace: Workspace, plan_set: PlanSet, beside: Beside) -> None:
    workspace.plans.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=workspace.plans))
    try:
        making.chmod(0o755)
        _fill(making, plan_set.plan, beside)
        _take_place(making, plan_set.folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    sync_folder(workspace.plans)


def _take_place(making: Path, folder: Path) -> None:
    try:
        making.rename(folder)
    except OSError:
        if not folder.exists():  # otherwise another process wrote the same plan in this moment
            raise


def _fill(folder: Path, plan: Plan, beside: Beside) -> None:
    write_new(folder / PLAN, canonical(plan))
    write_new(folder / COMPOSE, beside.compose_text.encode(), mode=COMPOSE_MODE)
    if beside.previous_text is not None:
        write_new(folder / PREVIOUS, beside.previous_text.encode(), mode=COMPOSE_MODE)
    if beside.inputs_text is not None:
        write_new(folder / INPUTS, beside.inputs_text)
    code, hash_hex = code_of(plan), hash_of(plan)
    for name, text in documents_of(plan, code=code, hash_hex=hash_hex):
        write_new(folder / name, text.encode())
    if plan.window is not None:
        write_new(folder / CALENDAR, calendar_of([Dated(plan=plan, code=code, revision=beside.revision)]))


def load_plan(workspace: Workspace, code: str) -> PlanSet:
    """Return a plan by its code, or by the path of its folder, and prove that nothing in it was changed.

    Raises:
        BadInput: There is no such plan, or its file cannot be read.
        PlanStale: The plan or a Compose file beside it is not what the code names.
    """
    folder = _folder(workspace, code)
    name = workspace.relative(folder / PLAN)
    data = _read(folder / PLAN, shown_as=name)
    actual = code_from(sha256(data))
    if actual != folder.name:
        raise _altered(name, f"its content has the code {actual}")
    plan = _parse(data, shown_as=name)
    _require_same(workspace, folder / COMPOSE, plan.compose)
    if plan.previous_compose is not None:
        _require_same(workspace, folder / PREVIOUS, plan.previous_compose)
    return PlanSet(plan=plan, code=actual, folder=folder)


def _folder(workspace: Workspace, code: str) -> Path:
    given = Path(code)
    named = given.parent.name if given.name == PLAN else given.name
    wanted = read_code(named)
    if wanted and (workspace.plan(wanted) / PLAN).is_file():
        return workspace.plan(wanted)
    known = sorted(path.parent.name for path in in_plan_folders(workspace, PLAN))
    raise BadInput.one(
        f"there is no plan {safe(code)!r}. {did_you_mean(named, known)}".rstrip(),
        resolution=f"Known plans: {listed(known, most=8)}. Make one: olmis-release plan RELEASE --to INSTANCE",
        code="E-UNKNOWN-PLAN",
    )


def _read(path: Path, *, shown_as: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise BadInput.one(
            f"{shown_as} cannot be read: {error.strerror}.", resolution="Check the file's rights.", code="E-UNREADABLE"
        ) from error
    if len(data) > LIMIT_BYTES:
        raise BadInput.one(f"{shown_as} is too large for a plan.", resolution="Make a new plan.", code="E-TOO-LARGE")
    return data


def _parse(data: bytes, *, shown_as: str) -> Plan:
    try:
        return Plan.model_validate_json(data)
    except ValidationError as error:
        raise BadInput.one(
            f"{shown_as} is not a plan that this version of olmis-release understands.",
            resolution="Make a new plan.",
            code="E-PLAN-FORMAT",
        ) from error


def _require_same(workspace: Workspace, path: Path, wanted: str) -> None:
    name = workspace.relative(path)
    if sha256(_read(path, shown_as=name)) != wanted:
        raise _altered(name, "the plan names another hash for it")


def _altered(name: str, how: str) -> PlanStale:
    error = PlanStale(
        f"{name} was changed after the plan was made: {how}. Every approval of it is void.",
        resolution="Move the folder aside and make a new plan: olmis-release plan RELEASE --to INSTANCE",
    )
    error.code = "E-PLAN-ALTERED"
    return error


def open_plans(workspace: Workspace, instance: str) -> tuple[PlanSet, ...]:
    """Return the plans of an instance that never ran and that no later deploy has overtaken, newest last.

    Raises:
        BadInput, PlanStale: A plan of this instance, or one that does not say whose it is, cannot be used.
    """
    history = runs(workspace, instance)
    used = {run.code for run in history}
    overtaken = max((run.started for run in history if run.outcome is Outcome.DEPLOYED), default="")
    found = [load_plan(workspace, code) for code in _codes_for(workspace, instance) if code not in used]
    fresh = [plan_set for plan_set in found if plan_set.plan.created >= overtaken]
    return tuple(sorted(fresh, key=lambda plan_set: (plan_set.plan.created, plan_set.code)))


def revision_of(workspace: Workspace, plan: Plan) -> int:
    """Return how many plans with a window were made before for the same release and instance."""
    return sum(_is_earlier(one, plan) for one in _raw_plans(workspace))


def _is_earlier(value: Mapping[str, Any], plan: Plan) -> bool:
    same = (value.get("instance"), value.get("release")) == (plan.instance, plan.release)
    return same and bool(value.get("window")) and str(value.get("created", "")) < plan.created


def _raw_plans(workspace: Workspace) -> Iterator[Mapping[str, Any]]:
    """Yield every plan as its file says it, unproved: enough to count."""
    for path in in_plan_folders(workspace, PLAN):
        try:
            value = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(value, dict):
            yield value


def _codes_for(workspace: Workspace, instance: str) -> Iterator[str]:
    """Yield the plans that are not plainly another instance's."""
    for path in in_plan_folders(workspace, PLAN):
        try:
            value = json.loads(path.read_bytes())
        except (OSError, ValueError):
            value = None
        if not isinstance(value, dict) or value.get("instance", instance) == instance:
            yield path.parent.name
