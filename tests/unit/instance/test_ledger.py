from __future__ import annotations

import pytest

from olmis_release.errors import StepFailed
from olmis_release.instance.ledger import PostgresLedger
from olmis_release.instance.ports import Fence, LedgerEntry, LedgerState
from olmis_release.instance.sql import Row, SqlFailed, Statement, do

ENTRY = LedgerEntry(
    instance="uat",
    epoch=1,
    run="20261128t180211",
    plan="F7DS-JEEJ",
    who="chimwemwe@moh.mw",
    at="2026-11-28T18:02:11Z",
    state=LedgerState.BEGUN,
)


class Recording:
    """A server that has an empty ledger; keeps each batch of statements, and refuses to write if told so."""

    def __init__(self, refusal: SqlFailed | None = None) -> None:
        self.batches: list[tuple[str, ...]] = []
        self.refusal = refusal

    def run(self, *statements: Statement, database: str = "", timeout_s: float = 60.0) -> tuple[tuple[Row, ...], ...]:
        if any(not one.returns for one in statements):
            self.batches.append(tuple(one.text for one in statements))
            if self.refusal:
                raise self.refusal
        return tuple(({"here": True, "own": False},) if "AS here" in one.text else () for one in statements)


def test_what_a_run_changes_is_one_transaction_with_the_look_at_the_fence_first() -> None:
    server = Recording()
    PostgresLedger(server).transact(Fence(instance="uat", epoch=3), do("SELECT 1"))
    begin, fence, change, commit = server.batches[0]
    assert (begin, change, commit) == ("BEGIN", "SELECT 1", "COMMIT")
    assert "WHERE f.epoch <= 3" in fence


def test_names_of_instances_are_quoted_inside_the_blocks_too() -> None:
    server = Recording()
    PostgresLedger(server).transact(Fence(instance="o'uat", epoch=3))
    assert "VALUES (''o''''uat'', 3)" in server.batches[0][1]


def test_a_ledger_that_keeps_changing_is_given_up_after_a_few_times() -> None:
    server = Recording(SqlFailed("the ledger moved", sqlstate="OL002"))
    with pytest.raises(StepFailed, match="changed 5 times"):
        PostgresLedger(server).begin(ENTRY)
    assert len(server.batches) == 5


def test_a_refusal_that_is_not_about_the_ledger_is_passed_on() -> None:
    server = Recording(SqlFailed("disk full", sqlstate="53100"))
    with pytest.raises(SqlFailed, match="disk full"):
        PostgresLedger(server).begin(ENTRY)
