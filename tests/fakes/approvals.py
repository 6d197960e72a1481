"""An office of people with real keys, who decide about plans by the rules or against them."""

from __future__ import annotations

import atexit
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from olmis_release import clock
from olmis_release.plan.approval.statement import NAMESPACE, Statement, canonical, flags_of, name_of
from olmis_release.plan.sets import PlanSet
from tests.fakes.cli import Desk

PHIRI, MWALE, DOE, BANDA = "c.phiri@moh.example", "t.mwale@impl.example", "j.doe@impl.example", "m.banda@impl.example"
STRANGER = "stranger"
ROLES = "[moh, tech]"
APPROVERS = f"{{moh: [{PHIRI}], tech: [{MWALE}, {DOE}, {BANDA}]}}"


@cache
def key_of(person: str) -> Path:
    """Return a person's private key; the same in every test of a run."""
    path = Path(mkdtemp(prefix="olmis-keys-")) / "key"
    atexit.register(shutil.rmtree, path.parent)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", path], check=True)
    return path


def public(person: str) -> str:
    """Return key type and key, as they stand in a line."""
    return " ".join(key_of(person).with_name("key.pub").read_text(encoding="utf-8").split()[:2])


def in_hours(hours: float) -> str:
    """Return a moment from now on."""
    return clock.iso(clock.now() + timedelta(hours=hours))


@dataclass
class Office:
    """A desk with an instance whose policy asks for approvals, and the people who may give them.

    Attributes:
        options: Options of a person's line in allowed_signers.
    """

    desk: Desk
    options: dict[str, str] = field(default_factory=dict)

    def policy(self, more: str = "") -> None:
        """Write the instance file and the signers."""
        more = f", {more}" if more else ""
        self.desk.instance("uat", approvals=f"{ROLES}, approvers: {APPROVERS}{more}")
        self.signers()

    def signers(self, *lines: str) -> None:
        """Write the signers of the usual people, and more lines."""
        usual = [self.line(PHIRI), self.line(MWALE), self.line(DOE), self.line(f"{BANDA},mbanda", key=BANDA)]
        self.desk.write("manifests/allowed_signers", "\n".join([*usual, *lines, ""]))

    def line(self, names: str, *, key: str = "") -> str:
        """Return a line of allowed_signers."""
        options = self.options.get(key or names, "")
        return " ".join(part for part in (names, options, public(key or names)) if part)

    def statement(self, plan_set: PlanSet, person: str, role: str, **values: Any) -> Statement:
        """Return a good approval, but for `values`."""
        usual: dict[str, Any] = {
            "plan": plan_set.sha256,
            "code": plan_set.code,
            "instance": plan_set.plan.instance,
            "decision": "approve",
            "role": role,
            "person": person,
            "recorded_by": person,
            "at": in_hours(-1),
            "expires": in_hours(48),
            "sees": flags_of(plan_set.plan),
        }
        return Statement.model_validate({**usual, **values})

    def file(self, plan: PlanSet, statement: Statement, *, key: str = "", namespace: str = NAMESPACE) -> Path:
        """Sign a statement and put it beside a plan, whatever it says."""
        folder = plan.folder / "approvals"
        folder.mkdir(exist_ok=True)
        path = folder / name_of(statement)
        path.write_bytes(canonical(statement))
        signature = signed(canonical(statement), key or statement.recorded_by, namespace=namespace)
        path.with_name(f"{path.name}.sig").write_bytes(signature)
        return path

    def approve(self, plan_set: PlanSet, person: str, role: str, **values: Any) -> Path:
        """File a good approval, but for `values`."""
        return self.file(plan_set, self.statement(plan_set, person, role, **values))

    def type(self, verb: str, code: str, person: str, *words: str) -> Any:
        """Type a decision with a person's key."""
        return self.desk.type(verb, code, "--key", str(key_of(person)), *words)


def signed(data: bytes, person: str, *, namespace: str = NAMESPACE) -> bytes:
    """Return a signature by a person's key, for anything."""
    argv = ["ssh-keygen", "-Y", "sign", "-f", str(key_of(person)), "-n", namespace]
    return subprocess.run(argv, input=data, capture_output=True, check=True).stdout
