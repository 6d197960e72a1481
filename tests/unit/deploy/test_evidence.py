"""What a failed run keeps may be opened on any terminal and sent to anybody."""

from dataclasses import replace
from pathlib import Path

from olmis_release.deploy.evidence import keep_evidence
from olmis_release.redaction import Redactor
from tests.unit.deploy.test_steps import Estate


def kept(folder: Path, log: str) -> str:
    estate = Estate(folder)
    estate.engine.outputs["id-of-requisition"] = log
    job = replace(estate.job, site=replace(estate.job.site, redactor=Redactor(["open-sesame"])))
    keep_evidence(job)
    return (folder / "evidence" / "requisition.log").read_text(encoding="utf-8")


def test_the_log_of_a_failed_component_is_kept_without_secrets(tmp_path: Path) -> None:
    assert kept(tmp_path, "started\nwrong password open-sesame\n") == "started\nwrong password ***"


def test_the_log_of_a_failed_component_steers_no_terminal(tmp_path: Path) -> None:
    assert kept(tmp_path, "\x1b[2J\u202egone") == "\\x1b[2J\\u202egone"


def test_only_its_owner_may_read_evidence(tmp_path: Path) -> None:
    kept(tmp_path, "")
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "evidence").iterdir()} == {0o600}
