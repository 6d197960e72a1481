"""What a defect means at each stage of a release: a table that ships with the tool and that users can change.

Only what a country may answer for itself is in the table. What Docker Compose would refuse anyway, or what leaves a
value undefined, is an error at every stage and cannot be switched off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from olmis_release.errors import BadInput, Problem, Severity, Where
from olmis_release.manifest.image import TAG, Repository, Strict, matching
from olmis_release.text import did_you_mean, listed
from olmis_release.workspace import Workspace
from olmis_release.yamlio import read_model, read_yaml

FILE = "policy.yml"


class Stage(StrEnum):
    """What a manifest is wanted for."""

    DEVELOPMENT = "development"
    UAT = "uat"
    RELEASE = "release"


class Verdict(StrEnum):
    """What becomes of a defect: it stops the command, is said, or is passed over."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


_W, _E, _OFF = Verdict.WARNING, Verdict.ERROR, Verdict.OFF

DEFAULTS: Mapping[str, tuple[Verdict, Verdict, Verdict]] = {
    "untagged-image": (_W, _W, _E),
    "latest-tag": (_W, _W, _E),
    "snapshot-tag": (_W, _W, _E),
    "moving-tag": (_W, _W, _E),
    "malformed-tag": (_W, _E, _E),
    "malformed-image": (_W, _E, _E),
    "open-digest": (_W, _E, _E),
    "foreign-registry": (_E, _E, _E),
    "core-organisation": (_W, _E, _E),
    "unknown-core-image": (_W, _W, _W),
    "organisation-changed": (_W, _E, _E),
    "stray-organisation": (_W, _W, _W),
    "lowered-version": (_W, _W, _W),
    "duplicate-variable": (_W, _E, _E),
    "unused-variable": (_W, _W, _W),
    "undefined-variable": (_W, _W, _W),
    "shadowed-variable": (_W, _W, _E),
    "wiping-profile": (_W, _E, _E),
    "open-profile": (_W, _W, _W),
    "keep-or-wipe": (_W, _E, _E),
    "newer-compose": (_E, _E, _E),
    "extension-mount": (_W, _E, _E),
    "heap-above-memory": (_W, _W, _E),
    "heap-at-limit": (_W, _W, _W),
    "unused-override": (_W, _W, _E),
    "no-uat-evidence": (_OFF, _OFF, _W),
}
"""Each defect's verdict for development, UAT and release."""


def _known(name: str) -> str:
    if name not in DEFAULTS:
        near = did_you_mean(name, DEFAULTS) or f"there are {listed(DEFAULTS)}"
        raise ValueError(
            f"{name!r} is no defect that a policy decides about; {near}".replace("; Did", "; did").rstrip("?")
        )
    return name


_SIZE = re.compile(r"[1-9][0-9]*(?:\.[0-9]+)?[kKmMgGtT]?[bB]?\Z")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?\Z")
_PATH = re.compile(r"/[^:\s]+\Z")


class ImageMounts(Strict):
    """Folders that an extension image fills, so that a missing mount is found before anybody misses the extension.

    Attributes:
        image: Its repository.
        since: First tag that fills them; every tag when None.
        paths: The folders.
    """

    image: Repository
    since: Annotated[str, matching(TAG, "an image tag")] | None = None
    paths: tuple[Annotated[str, matching(_PATH, "an absolute path")], ...]


class Policy(Strict):
    """The table as a workspace has it, and what the checks must be told.

    Attributes:
        defects: Verdicts that differ from `DEFAULTS`.
        memory: Memory of the hosts that releases run on, for example ``16G``; None when nobody stated it.
        image_mounts: What extension images fill.
        registries: Hosts that images may come from, for example ``docker.io``; empty allows every host.
    """

    kind: Literal["policy"] = "policy"
    defects: dict[Annotated[str, AfterValidator(_known)], dict[Stage, Verdict]] = Field(
        default_factory=dict, json_schema_extra={"propertyNames": {"enum": list(DEFAULTS)}}
    )
    memory: Annotated[str, matching(_SIZE, "a size such as 16G")] | None = None
    image_mounts: tuple[ImageMounts, ...] = ()
    registries: tuple[Annotated[str, matching(_HOST, "a registry's host")], ...] = ()

    def verdict(self, defect: str, stage: Stage) -> Verdict | None:
        """Return what becomes of a defect at a stage, None for one that no policy decides about."""
        if defect not in DEFAULTS:
            return None
        shipped = dict(zip(Stage, DEFAULTS[defect], strict=True))
        return self.defects.get(defect, {}).get(stage, shipped[stage])

    def judge(self, problems: Iterable[Problem], stage: Stage) -> tuple[Problem, ...]:
        """Return the problems as the stage takes them: with its severity, and without those that are off."""
        judged = (self._judged(problem, stage) for problem in problems)
        return tuple(problem for problem in judged if problem)

    def _judged(self, problem: Problem, stage: Stage) -> Problem | None:
        defect = defect_of(problem.code)
        # An error was none of the policy's business from the start: an image without its tag, for example.
        verdict = self.verdict(defect, stage) if problem.severity is Severity.WARNING else None
        if verdict is None:
            return problem
        if verdict is Verdict.OFF:
            return None
        severity = Severity.ERROR if verdict is Verdict.ERROR else Severity.WARNING
        return replace(problem, code=code_of(defect, verdict), severity=severity)


def code_of(defect: str, verdict: Verdict = Verdict.WARNING) -> str:
    """Return a defect's code: ``W-SNAPSHOT-TAG`` for ``snapshot-tag``, with E- where it is an error."""
    return f"{'E' if verdict is Verdict.ERROR else 'W'}-{defect.upper()}"


def defect_of(code: str) -> str:
    """Return the table's name of a code, whatever its severity."""
    return code.partition("-")[2].lower()


def load_policy(workspace: Workspace) -> Policy:
    """Return the workspace's policy: the defaults, changed by ``manifests/policy.yml`` where there is one.

    Raises:
        BadInput: The file has problems; all of them.
    """
    path = workspace.root / "manifests" / FILE
    return read_model(Policy, read_yaml(path, shown_as=workspace.relative(path))) if path.exists() else Policy()


def passed(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return judged problems in the order of their places, each once, when none is an error.

    Raises:
        BadInput: The errors among them.
    """
    found = sorted(dict.fromkeys(problems), key=_place)
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    if errors:
        way = f"Correct the places named above; manifests/{FILE} says what is refused at which stage."
        raise BadInput(errors, resolution=way)
    return tuple(found)


def _place(problem: Problem) -> tuple[str, int, int]:
    where = problem.where or Where(file="")
    return where.file, where.line, where.column
