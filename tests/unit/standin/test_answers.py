from dataclasses import replace
from http import HTTPStatus

import pytest

from tests.standin.service.answers import Answer, Request, answer
from tests.standin.service.registration import registration, resources
from tests.standin.service.settings import Settings, SettingsError, read_settings
from tests.standin.service.spec import Fault, IdMode, Spec

AUTH = Spec(name="auth", consul="auth", version="4.1.0", served_version="4.1.0", schema="auth")
UI = Spec(name="ui", consul="mw-reference-ui", version="1.2.0", served_version="1.2.0", port=80)
ENVIRONMENT = {
    "BASE_URL": "http://localhost",
    "DATABASE_URL": "jdbc:postgresql://db:5432/open_lmis",
    "POSTGRES_USER": "postgres",
    "POSTGRES_PASSWORD": "it's a secret",
}


def get(path: str, spec: Spec = AUTH, *, authorized: bool = False) -> Answer:
    return answer(Request(method="GET", target=path, authorized=authorized), spec, None)


def test_the_version_endpoint_needs_no_token_and_has_five_fields() -> None:
    found = get("/auth")
    assert found.status == HTTPStatus.OK
    assert sorted(found.content) == ["branch", "build", "service", "timeStamp", "version"]
    assert found.content["version"] == "4.1.0"


def test_everything_else_needs_a_token() -> None:
    assert get("/api/auth/users").status == HTTPStatus.UNAUTHORIZED
    assert get("/api/auth/users", authorized=True).status == HTTPStatus.NOT_FOUND


def test_health_is_shown_only_by_versions_that_have_it() -> None:
    assert get("/actuator/health").status == HTTPStatus.UNAUTHORIZED
    assert get("/actuator/health", replace(AUTH, actuator=True)).content == {"status": "UP"}


def test_auth_gives_tokens_and_nobody_else_does() -> None:
    request = Request(method="POST", target="/api/oauth/token")
    assert answer(request, AUTH, None).content["token_type"] == "bearer"
    assert answer(request, replace(AUTH, consul="requisition"), None).status == HTTPStatus.UNAUTHORIZED


def test_the_ui_shows_its_version_on_one_page_and_knows_no_other() -> None:
    assert "ui 1.2.0" in get("/", UI).content
    assert get("/requisition", UI).status == HTTPStatus.NOT_FOUND
    assert get("/", replace(UI, fault=Fault.ERROR_500)).status == HTTPStatus.INTERNAL_SERVER_ERROR


def test_the_ui_owns_every_path_that_no_service_owns() -> None:
    assert resources(UI) == ("<all>",)
    assert resources(AUTH) == ("auth", "api/auth", "api/auth/records", "api/auth/<all>", "api/oauth/token")


def test_only_the_fixed_id_mode_brings_a_health_check() -> None:
    body = registration(replace(AUTH, id_mode=IdMode.FIXED), Settings(), "10.0.0.2")
    assert body["ID"] == "auth-service"
    assert body["Check"]["DeregisterCriticalServiceAfter"] == "10m"


def test_all_missing_settings_are_told_at_once() -> None:
    with pytest.raises(SettingsError, match="BASE_URL, DATABASE_URL"):
        read_settings({"POSTGRES_USER": "u", "POSTGRES_PASSWORD": "p"}, needs_database=True)


@pytest.mark.parametrize(
    ("profiles", "wipes"),
    [("production", False), ("production,refresh-db", False), ("refresh-db", True), ("", True), ("productio", True)],
)
def test_without_the_exact_word_production_a_start_wipes(profiles: str, wipes: bool) -> None:
    settings = read_settings(ENVIRONMENT | {"spring_profiles_active": profiles}, needs_database=True)
    assert settings.wipes is wipes
