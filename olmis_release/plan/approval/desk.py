"""The approvals of one plan, from its folder and the workspace: what was filed, and what it comes to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from olmis_release import clock
from olmis_release.instance.config import InstanceConfig
from olmis_release.plan.approval.judging import Case, Filed, Judged, judge
from olmis_release.plan.approval.signers import Signers, digests, read_signers
from olmis_release.plan.approval.sshsig import LIMIT_BYTES as LIMIT_SIGNATURE_BYTES
from olmis_release.plan.approval.statement import flags_of, is_emergency
from olmis_release.plan.approval.tally import Tally, tally
from olmis_release.plan.codes import sha256
from olmis_release.plan.model import Plan, PlanPurpose, StepKind
from olmis_release.plan.records import in_plan_folders
from olmis_release.plan.sets import PLAN, PlanSet
from olmis_release.text import listed, safe
from olmis_release.workspace import Workspace

FOLDER = "approvals"
SIGNATURE = ".sig"
LIMIT_BYTES = 64 * 1024
LIMIT_FILES = 200
_BLOCK_BYTES = 1024 * 1024


def approvals_of(
    workspace: Workspace, config: InstanceConfig, plan_set: PlanSet, *, now: datetime | None = None
) -> Tally:
    """Return what the statements about a plan come to; where the policy asks for none, nothing is read.

    Raises:
        StepFailed: There is no ssh-keygen.
    """
    plan = plan_set.plan
    if not config.policy.roles_on(emergency=is_emergency(plan)):
        return Tally(code=plan_set.code, instance=plan.instance, roles=(), then=_then(plan_set), again=_again(plan))
    case = case_of(workspace, config, plan_set, now=now or clock.now())
    problems = tuple(_problems(workspace, plan_set, case.signers))
    return tally(case, judged_in(workspace, plan_set, case), problems=problems)


def case_of(workspace: Workspace, config: InstanceConfig, plan_set: PlanSet, *, now: datetime) -> Case:
    """Return the plan and the rules by which a statement about it is judged."""
    plan = plan_set.plan
    return Case(
        sha256=plan_set.sha256,
        code=plan_set.code,
        instance=plan.instance,
        author=plan.author,
        flags=flags_of(plan),
        policy=config.policy,
        signers=read_signers(workspace),
        emergency=is_emergency(plan),
        now=now,
        plans=_plans(workspace),
        evidence_hash=lambda name: hash_inside(plan_set.folder, name),
        then=_then(plan_set),
        again=_again(plan),
    )


def _then(plan_set: PlanSet) -> str:
    plan = plan_set.plan
    if plan.purpose is PlanPurpose.ROLLBACK:
        return _again(plan)
    typed = " --no-db-rollback" if plan.gives_up_database else ""
    return f"olmis-release deploy {plan.instance} --plan {plan_set.code}{typed}"


def _again(plan: Plan) -> str:
    if plan.purpose is PlanPurpose.DEPLOY:
        return f"olmis-release plan {plan.release} --to {plan.instance}"
    restored = " --data restore" if any(step.kind is StepKind.SWAP_DATABASE for step in plan.steps) else ""
    return f"olmis-release rollback {plan.instance} --to {plan.release}{restored}"


def judged_in(workspace: Workspace, plan_set: PlanSet, case: Case) -> tuple[Judged, ...]:
    """Return every statement that lies beside a plan, oldest first, and what it is worth.

    Raises:
        StepFailed: There is no ssh-keygen.
    """
    found = [judge(filed, sha256(filed.data), case) for filed in _filed(workspace, plan_set.folder)]
    return tuple(sorted(found, key=lambda one: (one.statement.at if one.statement else "", one.file)))


def _plans(workspace: Workspace) -> Mapping[str, str]:
    return {sha256(path.read_bytes()): path.parent.name for path in in_plan_folders(workspace, PLAN)}


def _filed(workspace: Workspace, folder: Path) -> Iterator[Filed]:
    for path in sorted((folder / FOLDER).glob("*.json"))[:LIMIT_FILES]:
        signature = _head(path.with_name(path.name + SIGNATURE), LIMIT_SIGNATURE_BYTES)
        yield Filed(file=safe(workspace.relative(path)), data=_head(path, LIMIT_BYTES) or b"", signature=signature)


def _head(path: Path, most: int) -> bytes | None:
    """Return what a file has, up to a limit that no honest one reaches; None where there is no file."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError:
        return None


def _problems(workspace: Workspace, plan_set: PlanSet, signers: Signers) -> Iterator[str]:
    """Yield what voids every approval: the rules, or who may sign, are not what they were when the plan was made."""
    base, plan = plan_set.plan.base, plan_set.plan
    path = workspace.instance(plan.instance)
    if base.instance_file != sha256(_head(path, _BLOCK_BYTES) or b""):
        yield f"{workspace.relative(path)}, which has the policy, was changed after the plan was made."
    now = digests(workspace)
    changed = [name for name in sorted({*base.signers, *now}) if base.signers.get(name) != now.get(name)]
    if changed:
        yield f"{listed(changed)} (who may sign) was changed after the plan was made."
    if not (signers.keys or signers.problems):
        yield f"{workspace.relative(workspace.allowed_signers)} names nobody: nobody may sign."
    yield from (f"{problem.where}: {problem.message} No signature counts until then." for problem in signers.problems)
    files = len(list((plan_set.folder / FOLDER).glob("*.json")))
    if files > LIMIT_FILES:
        yield f"{workspace.relative(plan_set.folder / FOLDER)}/ has {files} statements; only {LIMIT_FILES} are read."


def hash_inside(folder: Path, name: str) -> str | None:
    """Return the SHA-256 of a file of a plan's folder; None where it is gone, or the name leads elsewhere."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        return None
    return hash_of_file(path)


def hash_of_file(path: Path) -> str:
    """Return the SHA-256 of a file of any size."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()
