"""Any folder that Compose accepts is read as it reads it; any that it refuses is refused, with its place."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings

from olmis_release.errors import BadInput, Problem, Severity
from olmis_release.manifest.importers.distribution import read_distribution
from olmis_release.manifest.importers.judging import judged
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.policy import Stage
from tests.fakes.compose_config import compose_config, differences, needs_compose, rewritten
from tests.fakes.compose_folders import Files, folders

EXAMPLES = int(os.environ.get("COMPOSE_FUZZ_EXAMPLES", "12"))
"""Every example runs Compose twice; the variable is for a long run by hand."""

NOT_CARRIED = ("build", "profiles", "container_name", "scale")


@needs_compose
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(folders())
def test_a_folder_is_read_or_refused_as_compose_does_it(files: Files) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="")
        theirs = compose_config(folder)
        distribution, errors = _read(folder)

        if isinstance(theirs, str):
            assert errors, f"only Compose refuses it: {theirs}"
            assert all(problem.where and problem.where.line and problem.where.column for problem in errors)
        else:
            assert [str(problem) for problem in errors] == []
            assert distribution
            assert _differences(folder, theirs, distribution) == []


def _read(folder: Path) -> tuple[Distribution | None, list[Problem]]:
    try:
        distribution = read_distribution(str(folder))
    except BadInput as error:
        return None, list(error.problems)
    problems = judged(None, distribution, stage=Stage.DEVELOPMENT)
    return distribution, [problem for problem in problems if problem.severity is Severity.ERROR]


def _differences(folder: Path, theirs: dict[str, Any], distribution: Distribution) -> list[str]:
    (folder / "ours.yml").write_text(rewritten(distribution, {}))
    ours = compose_config(folder, "-f", "ours.yml")
    assert isinstance(ours, dict), f"Compose refuses what was read: {ours}"
    for service in theirs["services"].values():
        _without_absent(service, theirs["services"])
    for service in ours["services"].values():
        service["networks"] = {name: how or None for name, how in service.get("networks", {}).items()} or None
    for service in theirs["services"].values():
        service.setdefault("networks", None)
    tops = [name for name in ("volumes", "networks") if theirs.get(name) != ours.get(name)]
    found = [f"{name}: {theirs.get(name)} | {ours.get(name)}" for name in tops]
    return [*differences(theirs, ours, ignored=NOT_CARRIED), *found]


def _without_absent(service: dict[str, Any], services: dict[str, Any]) -> None:
    """Take out dependencies on what no profile runs: a release has only what runs."""
    wanted = service.pop("depends_on", {})
    left = {name: how for name, how in wanted.items() if name in services or how["required"]}
    service |= {"depends_on": left} if left else {}
