from __future__ import annotations

import stat
from pathlib import Path

import pytest

from olmis_release.errors import BadInput, TargetUnreachable
from olmis_release.instance.ports import Fence
from olmis_release.instance.settings_key import fingerprint_key, kept_key, share_key
from tests.fakes.plan_estate import Estate

THEIRS = "ab" * 32
FIRST, LATER = Fence(instance="uat", epoch=1), Fence(instance="uat", epoch=2)
SILENT = TargetUnreachable("PostgreSQL gave no session.", resolution="Wait.")


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(root=tmp_path)


def file_of(estate: Estate) -> Path:
    return estate.root / ".olmis-release" / "uat" / "key"


def test_it_is_made_once_and_is_private(estate: Estate) -> None:
    key = fingerprint_key(estate.site)
    assert len(key) == 32
    assert fingerprint_key(estate.site) == key
    assert stat.S_IMODE(file_of(estate).stat().st_mode) == 0o600


def test_that_of_the_server_takes_the_place_of_an_own_one_and_is_kept_for_when_it_is_silent(estate: Estate) -> None:
    own = fingerprint_key(estate.site)
    estate.database.ledger.keys["uat"] = THEIRS
    assert fingerprint_key(estate.site).hex() == THEIRS != own.hex()
    estate.database.ledger.fails["settings_key"] = SILENT
    assert fingerprint_key(estate.site).hex() == THEIRS
    assert stat.S_IMODE(file_of(estate).stat().st_mode) == 0o600


@pytest.mark.parametrize("nonsense", ["", "no key", "AB" * 32, "ab" * 31])
def test_what_is_no_key_on_the_server_is_not_taken(estate: Estate, nonsense: str) -> None:
    own = fingerprint_key(estate.site)
    estate.database.ledger.keys["uat"] = nonsense
    assert fingerprint_key(estate.site) == own


def test_the_first_run_brings_it_to_the_server_and_no_later_one_changes_it(estate: Estate) -> None:
    share_key(estate.site, FIRST)
    shared = estate.database.ledger.keys["uat"]
    assert shared == kept_key(estate.site).hex()
    file_of(estate).unlink()
    share_key(estate.site, LATER)
    assert estate.database.ledger.keys["uat"] == shared


def test_a_server_that_is_not_there_does_not_stop_a_run(estate: Estate) -> None:
    estate.database.ledger.fails["keep_settings_key"] = SILENT
    share_key(estate.site, FIRST)
    assert not estate.database.ledger.keys


def test_a_damaged_file_is_named(estate: Estate) -> None:
    file_of(estate).parent.mkdir(parents=True)
    file_of(estate).write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput) as refusal:
        fingerprint_key(estate.site)
    where = refusal.value.problems[0].where
    assert where is not None
    assert where.file == ".olmis-release/uat/key"
