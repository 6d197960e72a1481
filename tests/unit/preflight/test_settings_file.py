from pathlib import Path

import pytest

from olmis_release.preflight.checks.settings_file import settings_are_complete
from tests.fakes.preflight import Place

GOOD = {
    "BASE_URL": "http://127.0.0.1:8080",
    "DATABASE_URL": "jdbc:postgresql://db:5432/open_lmis",
    "POSTGRES_USER": "postgres",
    "POSTGRES_PASSWORD": "p4ssw0rd",
    "MAIL_HOST": "mail",
    "MAIL_USERNAME": "mailer",
    "MAIL_PASSWORD": "s3cret",
    "VIRTUAL_HOST": "uat.example.org",
}


def write(place: Place, *, mode: int = 0o600, **values: str) -> Path:
    path = place.root / "settings" / "uat.env"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{key}={value}\n" for key, value in {**GOOD, **values}.items()))
    path.chmod(mode)
    return path


def test_a_private_and_complete_file_passes(place: Place) -> None:
    write(place)
    assert settings_are_complete(place.subject).status == "ok"


def test_a_missing_file_is_refused(place: Place) -> None:
    finding = settings_are_complete(place.subject)
    assert (finding.status, finding.message) == (
        "fail",
        "settings/uat.env: the settings file cannot be read: No such file or directory.",
    )


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o666])
def test_a_file_that_others_may_read_is_refused_with_the_command_that_helps(place: Place, mode: int) -> None:
    write(place, mode=mode)
    finding = settings_are_complete(place.subject)
    assert (finding.status, finding.resolution) == ("fail", "chmod 600 settings/uat.env")


def test_all_missing_keys_are_listed_at_once(place: Place) -> None:
    write(place, MAIL_HOST="", VIRTUAL_HOST="  ")
    finding = settings_are_complete(place.subject)
    assert (finding.status, "Missing or empty: MAIL_HOST, VIRTUAL_HOST." in finding.message) == ("fail", True)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("jdbc:postgresql://db:5432/open_lmis?sslmode=require", "query string"),
        ("postgresql://db:5432/open_lmis", "jdbc:postgresql://host:port/name"),
        ("jdbc:postgresql://db:5432/other", "names database other, the instance file open_lmis"),
    ],
)
def test_a_database_url_that_services_cannot_use_is_refused(place: Place, url: str, said: str) -> None:
    write(place, DATABASE_URL=url)
    finding = settings_are_complete(place.subject)
    assert (finding.status, said in finding.message) == ("fail", True)


def test_a_database_url_without_a_port_is_fine(place: Place) -> None:
    write(place, DATABASE_URL="jdbc:postgresql://db/open_lmis")
    assert settings_are_complete(place.subject).status == "ok"


def test_a_base_url_without_a_scheme_is_refused(place: Place) -> None:
    write(place, BASE_URL="uat.example.org")
    assert "BASE_URL" in settings_are_complete(place.subject).message


def test_no_secret_is_ever_shown(place: Place) -> None:
    write(place, DATABASE_URL="jdbc:postgresql://user:hunter2@db/other?password=hunter2", MAIL_HOST="")
    finding = settings_are_complete(place.subject)
    assert "hunter2" not in finding.message + finding.resolution
    assert "s3cret" not in finding.message


def test_a_file_of_another_user_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(place)
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert settings_are_complete(place.subject).status == "fail"


def test_a_line_that_is_no_setting_is_refused_with_its_place(place: Place) -> None:
    path = write(place)
    path.write_text(path.read_text() + "this is not a setting\n")
    finding = settings_are_complete(place.subject)
    assert (finding.status, "settings/uat.env:9" in finding.message) == ("fail", True)
