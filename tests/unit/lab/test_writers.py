from __future__ import annotations

from lab.writers import Ledger, verify


def test_promises_that_were_kept_once_hold() -> None:
    verdict = verify(Ledger(acknowledged=("a", "b"), in_doubt=("c",)), ["b", "a", "somebody else's", "c"])
    assert verdict.holds
    assert verdict.kept_in_doubt == 1


def test_a_promise_that_is_not_there_is_named() -> None:
    verdict = verify(Ledger(acknowledged=("a", "b")), ["b"])
    assert verdict.lost == ("a",)
    assert not verdict.holds


def test_a_row_that_is_there_twice_is_named_even_if_in_doubt() -> None:
    verdict = verify(Ledger(acknowledged=("a",), in_doubt=("c",)), ["a", "a", "c", "c"])
    assert verdict.doubled == ("a", "c")
    assert not verdict.holds


def test_no_promise_at_all_proves_nothing() -> None:
    assert not verify(Ledger(), []).holds
