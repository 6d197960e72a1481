"""`smoke`: the smoke tests alone, against what should run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import click

from olmis_release.cli.arguments import instance_argument
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session
from olmis_release.errors import SmokeFailed, UsageError

if TYPE_CHECKING:
    from olmis_release.smoke.model import SmokeReport


@click.command(
    cls=ExampleCommand,
    short_help="run the smoke tests alone",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release smoke uat",
        "olmis-release smoke uat --junit build/smoke.xml",
    ],
)
@instance_argument()
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Also write JUnit XML.")
@global_options(hidden=True)
@click.pass_obj
def smoke(session: Session, *, instance: str, junit: Path | None) -> Result:
    """Run the smoke tests of an instance: versions through the front door, the UI, and the checks of its file."""
    from olmis_release.cli.running import what_should_run
    from olmis_release.smoke.runner import run_smoke

    site = session.quiet_site(instance)
    report = run_smoke(site, what_should_run(session.workspace, instance).manifest)
    if junit is not None:
        _write_junit(junit, instance, report)
    return _result(session, instance, report)


def _result(session: Session, instance: str, report: SmokeReport) -> Result:
    from olmis_release.cli.standing import recorded_state
    from olmis_release.cli.tables import table

    rows = [("ok" if one.ok else "FAIL", one.name, f"{one.elapsed_s:.2f} s", one.message) for one in report.results]
    passed = len(report.results) - len(report.failed)
    counts = f"{passed} of {len(report.results)} smoke tests passed."
    follow = f"olmis-release rollback {instance}" if report.failed else f"olmis-release history {instance}"
    return Result(
        text=f"{table(['RESULT', 'TEST', 'TOOK', 'SEEN'], rows)}\n{counts}",
        data={
            "instance": instance,
            "ok": report.ok,
            "tests": [
                {"name": one.name, "ok": one.ok, "message": one.message, "elapsed_s": round(one.elapsed_s, 3)}
                for one in report.results
            ],
        },
        state=recorded_state(session.workspace, instance),
        next=follow,
        failure=None if report.ok else SmokeFailed(counts, resolution=follow),
    )


def _write_junit(path: Path, instance: str, report: SmokeReport) -> None:
    suite = ET.Element(
        "testsuite", name=f"smoke {instance}", tests=str(len(report.results)), failures=str(len(report.failed))
    )
    for one in report.results:
        case = ET.SubElement(
            suite, "testcase", classname=f"smoke.{instance}", name=one.name, time=f"{one.elapsed_s:.3f}"
        )
        if not one.ok:
            ET.SubElement(case, "failure", message=_xml_safe(one.message))
    try:
        ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise UsageError(
            f"--junit {path}: {error.strerror}.", resolution="Name a file in a folder that exists and is yours."
        ) from error


def _xml_safe(text: str) -> str:
    """Return text without what XML 1.0 cannot hold."""
    from olmis_release.text import safe

    return safe(text, multiline=True)
