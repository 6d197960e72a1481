"""Whatever lies in the files, reading it ends with a value or a reason, never with a fault of ours."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from olmis_release import clock
from olmis_release.instance.config import Policy
from olmis_release.plan.approval.judging import Case, Fault, Filed, judge
from olmis_release.plan.approval.signers import Signers, read_signers
from olmis_release.plan.approval.sshsig import read_claim
from olmis_release.plan.approval.statement import Statement, canonical
from olmis_release.workspace import Workspace

WORDS = st.sampled_from(
    [
        "a@b.example",
        "*",
        "ssh-ed25519",
        "AAAAC3NzaC1lZDI1NTE5AAAA",
        'valid-before="2026"',
        '"',
        "cert-authority",
        ",",
        "\0",
        "#",
        "=",
        "é",
    ]
)
CASE = Case(
    sha256="0" * 64,
    code="F7DS-JEEJ",
    instance="uat",
    author="",
    flags=(),
    policy=Policy(approvals=("qa",)),
    signers=Signers(allowed=b"", revoked=None),
    emergency=False,
    now=clock.parse_iso("2026-11-28T18:00:00Z"),
    plans={},
    evidence_hash=lambda _: None,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=300), st.lists(WORDS, max_size=12).map(lambda words: " ".join(words).encode())))
def test_any_file_of_signers_is_read_or_its_lines_are_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "manifests").mkdir(exist_ok=True)
    for name in ("allowed_signers", "revoked_keys"):
        (tmp_path / "manifests" / name).write_bytes(data)
    signers = read_signers(Workspace(root=tmp_path))
    assert all(problem.where and problem.where.line for problem in signers.problems)
    assert all("*" not in name for one in signers.keys for name in one.names)


@given(st.binary(max_size=200))
def test_any_signature_is_read_or_is_none(data: bytes) -> None:
    armoured = base64.encodebytes(b"SSHSIG\0\0\0\1" + data)
    for text in (data, b"-----BEGIN SSH SIGNATURE-----\n" + armoured + b"-----END SSH SIGNATURE-----\n"):
        claim = read_claim(text)
        assert claim is None or isinstance(claim.namespace, str)


@given(
    st.one_of(
        st.binary(max_size=200), st.recursive(st.none() | st.text(max_size=5), st.lists).map(json.dumps).map(str.encode)
    )
)
def test_anything_else_in_the_folder_is_no_statement(data: bytes) -> None:
    assert judge(Filed(file="a.json", data=data, signature=None), "", CASE).fault is Fault.NO_STATEMENT


@pytest.mark.parametrize("field", ["at", "expires"])
def test_a_time_that_is_none_makes_no_statement(field: str) -> None:
    times = {"at": "2026-11-28T18:00:00Z", "expires": "2026-11-29T18:00:00Z", field: "2026-13-41T99:00:00Z"}
    statement = Statement.model_validate(
        {
            "plan": "0" * 64,
            "code": "F7DS-JEEJ",
            "instance": "uat",
            "decision": "approve",
            "role": "qa",
            "person": "a",
            "recorded_by": "a",
            **times,
        }
    )
    filed = Filed(file="a.json", data=canonical(statement), signature=None)
    assert judge(filed, "", CASE).fault is Fault.NO_STATEMENT
