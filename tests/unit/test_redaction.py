"""Secrets are found in every form in which a program may write them."""

import base64
import html
import json
import shlex
import traceback
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from olmis_release.instance.settings import for_compose
from olmis_release.manifest.masking import secrets_in
from olmis_release.manifest.variables import literally
from olmis_release.plan.documents.filters import marked_down
from olmis_release.redaction import HIDDEN, MIN_SECRET_LENGTH, Redactor

NASTY = "p\"a's$s\\w %o&r<d>+/=é[/red]"
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=MIN_SECRET_LENGTH, max_size=40)
AROUND = st.binary(max_size=7)
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda value: json.dumps({"env": value}),
    "json in unicode": lambda value: json.dumps({"env": value}, ensure_ascii=False),
    "json in json": lambda value: json.dumps({"line": json.dumps({"env": value})}),
    "url": lambda value: quote(value, safe=""),
    "url path": quote,
    "form": quote_plus,
    "shell": shlex.quote,
    "shell in json": lambda value: json.dumps(shlex.quote(value)),
    "compose": literally,
    "compose in json": lambda value: json.dumps(literally(value)),
    "settings copy": for_compose,
    "python": repr,
    "html": html.escape,
    "html by the templates": lambda value: str(escape(value)),
    "markdown": lambda value: str(marked_down(value)),
    "sql": lambda value: "'" + value.replace("'", "''") + "'",
    "yaml": lambda value: yaml.safe_dump({"a": value}, default_style="'", width=1000, allow_unicode=True),
    "yaml in double quotes": lambda value: yaml.dump({"a": value}, default_style='"', width=1000, allow_unicode=True),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    written = FORMS[form](NASTY)
    told = Redactor([NASTY]).redact(f"before {written} after")
    assert HIDDEN in told
    assert not Redactor([NASTY]).finds_in(told)
    assert told.startswith("before ")
    assert told.endswith(" after")


@given(value=VALUES, before=AROUND, after=AROUND)
def test_a_secret_is_found_in_base64_wherever_it_begins(value: str, before: bytes, after: bytes) -> None:
    data = before + value.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert Redactor([value]).finds_in(encode(data).decode())


@given(value=VALUES)
def test_no_value_breaks_the_redactor(value: str) -> None:
    redactor = Redactor([value])
    for form in (json.dumps(value), shlex.quote(value), quote(value), literally(value), f"x{value}y"):
        assert redactor.finds_in(form)


def test_the_longest_secret_is_taken_out_first_and_short_ones_are_left() -> None:
    assert Redactor(["secret", "secret-and-more", "abc"]).redact("secret-and-more secret abc") == "*** *** abc"


def test_an_ordinary_text_stays_as_it_is() -> None:
    assert Redactor([]).redact("text") == "text"
    assert Redactor([NASTY]).redact("text $ ' %41") == "text $ ' %41"


def test_a_redactor_does_not_show_what_it_knows() -> None:
    assert "open-sesame" not in repr(Redactor(["open-sesame"]))


def test_a_secret_in_a_traceback_is_found() -> None:
    text = "".join(traceback.format_exception(ValueError({"password": NASTY})))
    assert NASTY not in Redactor([NASTY]).redact(text)
    assert HIDDEN in Redactor([NASTY]).redact(text)


@pytest.mark.parametrize(
    "name",
    [
        *("POSTGRES_PASSWORD", "MAIL_PASSWORD", "SMS_SEND_API_TOKEN", "FTP_PASSWORD", "REDIS_PASSWORD"),
        *("SUPERSET_CLIENT_SECRET", "SUPERSET_ADMIN_PASSWORD", "USER_IMPORT_DEFAULT_PASSWORD", "CLIENT_SECRET"),
        *("SERVICE_CLIENT_SECRET", "AUTH_SERVER_CLIENT_SECRET", "auth.server.clientSecret", "SCALYR_API_KEY"),
    ],
)
def test_every_secret_that_openlmis_is_known_to_have_is_one_by_its_name(name: str) -> None:
    assert set(secrets_in(name, "open-sesame")) == {"open-sesame"} | set(secrets_in("", "open-sesame"))


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("jdbc:postgresql://lmis:open-sesame@db:5432/open_lmis", "open-sesame"),
        ("postgresql://lmis:open%24esame@db/open_lmis", "open$esame"),
        ("postgresql://lmis:open@sesame@db/open_lmis", "open@sesame"),
        ("jdbc:postgresql://db/open_lmis?user=lmis&password=open-sesame", "open-sesame"),
        ("-server -Dspring.mail.password=open-sesame -Xmx1g", "open-sesame"),
        ("redis-server --requirepass open-sesame", "open-sesame"),
    ],
)
def test_a_password_inside_a_value_is_a_secret(value: str, secret: str) -> None:
    assert secret in set(secrets_in("SOMETHING", value))


def test_a_setting_that_is_no_secret_stays() -> None:
    assert not [secret for secret in secrets_in("BASE_URL", "https://uat.example.org:8443/path") if secret]
