from typing import Any

import pytest

from olmis_release.preflight.checks.production_profile import profile_is_production
from tests.fakes.preflight import Place, an_instance


def test_all_is_well_when_every_owner_of_a_schema_has_the_token(place: Place) -> None:
    finding = profile_is_production(place.subject)
    assert (finding.status, finding.message) == ("ok", "All 2 components that own a schema run with it.")


@pytest.mark.parametrize(
    "value", ["production", "production,refresh-db", "refresh-db, production", " production ,demo-data"]
)
def test_the_token_may_stand_among_others(place: Place, value: str) -> None:
    place.services["auth"]["environment"]["spring_profiles_active"] = value
    assert profile_is_production(place.subject).status == "ok"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"spring_profiles_active": ""}, "auth: spring_profiles_active is empty"),
        ({"spring_profiles_active": None}, "auth: spring_profiles_active is empty"),
        ({}, "auth: spring_profiles_active is not set"),
        ({"spring_profiles_active": "refresh-db"}, "auth: spring_profiles_active is 'refresh-db'"),
        ({"spring_profiles_active": "Production"}, "auth: spring_profiles_active is 'Production'"),
        ({"spring_profiles_active": "!production"}, "auth: spring_profiles_active is '!production'"),
        (
            {"spring_profiles_active": "production", "SPRING_PROFILES_ACTIVE": "dev"},
            "auth: SPRING_PROFILES_ACTIVE is 'dev'",
        ),
        (
            {"spring_profiles_active": "production", "JAVA_OPTS": "-Xmx1g -Dspring.profiles.active=demo-data"},
            "auth: spring.profiles.active in JAVA_OPTS is 'demo-data'",
        ),
    ],
)
def test_a_service_that_would_wipe_its_schema_is_refused(place: Place, environment: dict[str, Any], said: str) -> None:
    place.services["auth"]["environment"] = environment
    finding = profile_is_production(place.subject)
    assert finding.status == "fail"
    assert said in finding.message
    assert "wipe" in finding.message
    assert "spring_profiles_active" in finding.resolution


def test_all_services_that_would_wipe_are_listed_at_once(place: Place) -> None:
    for name in ("auth", "requisition"):
        place.services[name]["environment"] = {}
    message = profile_is_production(place.subject).message
    assert "auth: " in message
    assert "requisition: " in message


def test_a_service_missing_from_the_rendered_file_is_refused(place: Place) -> None:
    del place.services["requisition"]
    assert "requisition: it is not in the rendered Compose file" in profile_is_production(place.subject).message


def test_a_system_property_alone_is_enough(place: Place) -> None:
    place.services["auth"]["environment"] = {"JAVA_OPTS": "-Dspring.profiles.active=production"}
    assert profile_is_production(place.subject).status == "ok"


def test_components_without_a_schema_are_not_asked(place: Place) -> None:
    place.services["nginx"]["environment"] = {"spring_profiles_active": ""}
    assert profile_is_production(place.subject).status == "ok"


def test_demo_data_on_a_production_instance_is_told(place: Place) -> None:
    place.services["auth"]["environment"]["spring_profiles_active"] = "production,demo-data"
    assert profile_is_production(place.subject).status == "ok"
    place.config = an_instance(purpose="production")
    finding = profile_is_production(place.subject)
    assert (finding.status, "auth" in finding.message) == ("warn", True)
