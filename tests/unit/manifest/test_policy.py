"""The policy: what ships, what a workspace may change, and what nobody can switch off."""

from pathlib import Path

import pytest

from olmis_release.errors import BadInput, Problem, Severity, Where
from olmis_release.manifest.policy import DEFAULTS, Policy, Stage, Verdict, load_policy, passed
from olmis_release.workspace import Workspace
from olmis_release.yamlio import parse_yaml, read_model, read_yaml

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "olmis_release/manifest/templates/manifests/policy.yml"


def policy(text: str) -> Policy:
    return read_model(Policy, parse_yaml(f"kind: policy\n{text}\n".encode(), shown_as="policy.yml"))


def problem(code: str, severity: Severity = Severity.WARNING) -> Problem:
    return Problem(code=code, message="m", resolution="r", where=Where(file="f", line=1), severity=severity)


def judged(found: Policy, code: str, stage: Stage) -> list[tuple[str, str]]:
    return [(str(one.code), str(one.severity)) for one in found.judge([problem(code)], stage)]


def test_the_file_that_init_writes_is_the_whole_table_as_it_ships() -> None:
    written = read_model(Policy, read_yaml(TEMPLATE, shown_as="policy.yml"))
    shipped = {name: dict(zip(Stage, row, strict=True)) for name, row in DEFAULTS.items()}
    assert written.defects == shipped
    assert list(written.defects) == list(shipped)


def test_this_workspace_has_the_table_as_it_ships() -> None:
    assert (ROOT / "manifests/policy.yml").read_text(encoding="utf-8") == TEMPLATE.read_text(encoding="utf-8")


def test_a_workspace_without_the_file_has_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    assert load_policy(Workspace(root=tmp_path)) == Policy()


def test_a_snapshot_is_said_before_it_is_refused() -> None:
    assert judged(Policy(), "W-SNAPSHOT-TAG", Stage.DEVELOPMENT) == [("W-SNAPSHOT-TAG", "warning")]
    assert judged(Policy(), "W-SNAPSHOT-TAG", Stage.RELEASE) == [("E-SNAPSHOT-TAG", "error")]


def test_one_stage_can_be_changed_and_the_others_keep_their_verdict() -> None:
    changed = policy("defects: {snapshot-tag: {uat: error, development: off}}")
    assert judged(changed, "W-SNAPSHOT-TAG", Stage.DEVELOPMENT) == []
    assert judged(changed, "W-SNAPSHOT-TAG", Stage.UAT) == [("E-SNAPSHOT-TAG", "error")]
    assert changed.verdict("snapshot-tag", Stage.RELEASE) is Verdict.ERROR


def test_what_was_an_error_from_the_start_stays_one() -> None:
    fixed = problem("E-UNDEFINED-VARIABLE", Severity.ERROR)
    assert policy("defects: {undefined-variable: {uat: off}}").judge([fixed], Stage.UAT) == (fixed,)


@pytest.mark.parametrize("stage", list(Stage))
def test_what_the_table_does_not_hold_stays_as_it_was_found(stage: Stage) -> None:
    found = [problem("E-YAML", Severity.ERROR), problem("W-PIN-SAME")]
    assert Policy().judge(found, stage) == tuple(found)


def test_errors_stop_and_warnings_are_handed_on() -> None:
    assert passed([problem("W-A")]) == (problem("W-A"),)
    with pytest.raises(BadInput) as refused:
        passed([problem("W-A"), problem("E-B", Severity.ERROR)])
    assert [one.code for one in refused.value.problems] == ["E-B"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("defects: {cycle: {uat: off}}", "2:11: .*no defect that a policy decides about; there are"),
        ("defects: {snapshot-tags: {uat: off}}", "2:11: .*; did you mean `snapshot-tag`"),
        ("defects: {latest-tag: {prod: off}}", "2:24: .*must be 'development', 'uat' or 'release'"),
        ("defects: {latest-tag: {uat: maybe}}", "2:29: .*must be 'error', 'warning' or 'off'"),
        ("memory: plenty", "2:9: .*not a size such as 16G"),
        ("image_mounts: [{image: a/b, paths: [extensions]}]", "2:37: .*not an absolute path"),
        ("defect: {}", "2:1: unknown key `defect`. Did you mean `defects`?"),
    ],
)
def test_what_a_policy_cannot_say_is_refused_at_its_place(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=f"policy.yml:{said}"):
        policy(text)
