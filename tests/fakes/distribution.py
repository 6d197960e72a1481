"""Distributions written as short files, read the way real ones are, for tests about their defects."""

from pathlib import Path
from textwrap import dedent

from olmis_release.errors import Problem
from olmis_release.manifest.defects.model import Context
from olmis_release.manifest.defects.run import find
from olmis_release.manifest.importers.distribution import read_distribution
from olmis_release.manifest.importers.model import Distribution


def distribution(folder: Path, compose: str, env: str | None = None) -> Distribution:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "docker-compose.yml").write_text(dedent(compose), encoding="utf-8")
    if env is not None:
        (folder / ".env").write_text(dedent(env), encoding="utf-8")
    return read_distribution(str(folder))


def defects(folder: Path, compose: str, env: str | None = None, *, context: Context | None = None) -> list[Problem]:
    """Return what is wrong with a distribution."""
    return list(find(distribution(folder, compose, env), context))


def told(problems: list[Problem]) -> list[tuple[str, str]]:
    """Return code and place of problems, without those of images that name no tag."""
    return [(one.code, str(one.where)) for one in problems]
