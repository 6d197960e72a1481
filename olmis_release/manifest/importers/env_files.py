"""Files that services take their environment from (`env_file`), where the source has them.

Most estates keep them out of their repository, since passwords are in them. Where one is there, its profiles decide
whether a schema survives the next start, so it is looked into; no value of it goes into a manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from olmis_release.errors import BadInput, Severity
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.environment import read_environment
from olmis_release.manifest.importers.model import ImportedService, Variable
from olmis_release.manifest.importers.tree import Tree, joined

LIMIT_FILES = 50
_UNFILLED = frozenset({"E-UNDEFINED-VARIABLE", "E-INTERPOLATION"})
"""A `$` in a password is no defect here: the instance's own settings file is read without filling anything in."""


def named_by(service: ImportedService) -> Iterator[str]:
    """Yield the paths that a service names, short or long syntax."""
    files = service.body.get("env_file", [])
    for file in files if isinstance(files, list) else [files]:
        path = file.get("path", "") if isinstance(file, dict) else file
        if isinstance(path, str) and path:
            yield path


def read_env_files(
    tree: Tree, folder: str, services: Iterable[ImportedService], *, known: Iterable[str], findings: Findings
) -> Mapping[str, Mapping[str, Variable]]:
    """Return what the files hold: path as written to name to variable; those that are not there are left out.

    Args:
        tree: The source.
        folder: Folder that the paths are relative to.
        services: Who names them.
        known: Paths from the source's root whose defects have been noted already.
        findings: Where duplicates and lines that cannot be read are noted.
    """
    found = {}
    every = dict.fromkeys(path for service in services for path in named_by(service))
    for written in islice(every, LIMIT_FILES):
        path = joined(folder, written) if "${" not in written else None
        data = _read(tree, path) if path else None
        if path and data is not None:
            noted = Findings()
            found[written] = _variables(data, path, noted)
            for problem in noted.problems if path not in known else ():
                if problem.code not in _UNFILLED:
                    findings.note(problem)
    return found


def _read(tree: Tree, path: str) -> bytes | None:
    try:
        return tree.read(path)
    except BadInput:
        return None  # nobody asked for this file


def _variables(data: bytes, path: str, findings: Findings) -> Mapping[str, Variable]:
    variables: dict[str, Variable] = {}
    try:
        read_environment(data, shown_as=path, findings=findings, known=variables)
    except BadInput as error:
        for problem in error.problems:
            findings.note(replace(problem, severity=Severity.ERROR))
    return variables
