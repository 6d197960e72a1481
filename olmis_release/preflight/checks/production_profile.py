"""Does every service that owns a schema run with the `production` profile?

Without that token in its Spring profiles an OpenLMIS service cleans its schema at every start: all data of it is gone.
What counts is what the container will see, so the question goes to the configuration that Compose renders. There, an
entry under `environment` beats the settings file even when it is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from olmis_release.instance.config import Purpose
from olmis_release.preflight.model import Check, Finding, Subject, failed, passed, warned

TOKEN = "production"  # noqa: S105 - the name of a profile
VARIABLES = ("spring_profiles_active", "SPRING_PROFILES_ACTIVE", "spring.profiles.active")
SYSTEM_PROPERTY = "-Dspring.profiles.active="
DEMO = "demo-data"


def profile_is_production(subject: Subject) -> Finding:
    """Look at every component with a schema; list all that would wipe it."""
    owners = sorted(name for name, one in subject.manifest.components.items() if one.schema_name)
    wiping = [(name, fault) for name in owners if (fault := _fault(subject, name))]
    if wiping:
        return failed(
            "Would wipe their database schema at start: "
            + "; ".join(f"{name}: {fault}" for name, fault in wiping)
            + ".",
            resolution="Make `production` one of the profiles in the settings file (spring_profiles_active), "
            "and take out entries under `environment` that hide it: even an empty one does.",
        )
    demo = [name for name in owners if DEMO in _profiles(_environment(subject, name))]
    if demo and subject.site.config.purpose is Purpose.PRODUCTION:
        return warned(
            f"Demo data would be loaded on a production instance: {', '.join(demo)}.",
            resolution=f"Take {DEMO} out of spring_profiles_active.",
        )
    return passed(f"All {len(owners)} components that own a schema run with it.")


def _fault(subject: Subject, component: str) -> str:
    """Return what is wrong with a component's profiles, nothing when they hold the token."""
    if component not in subject.rendered.services:
        return "it is not in the rendered Compose file"
    environment = _environment(subject, component)
    given = list(_settings(environment))
    if not given:
        return "spring_profiles_active is not set"
    wrong = [f"{name} is {value!r}" if value else f"{name} is empty" for name, value in given if not _holds(value)]
    return ", ".join(wrong)


def _environment(subject: Subject, component: str) -> Mapping[str, str | None]:
    service = subject.rendered.services.get(component)
    return service.environment if service else {}


def _settings(environment: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield every place that sets the profiles and counts.

    A system property beats the environment. Of several spellings in the environment the winner depends on the version
    of Spring, so each of them must be right.
    """
    properties = [word for word in (environment.get("JAVA_OPTS") or "").split() if word.startswith(SYSTEM_PROPERTY)]
    if properties:
        yield "spring.profiles.active in JAVA_OPTS", properties[-1].removeprefix(SYSTEM_PROPERTY)
        return
    for name in VARIABLES:
        if name in environment:
            yield name, environment[name] or ""


def _profiles(environment: Mapping[str, str | None]) -> set[str]:
    return {profile for _, value in _settings(environment) for profile in _split(value)}


def _holds(value: str) -> bool:
    return TOKEN in _split(value)


def _split(value: str) -> set[str]:
    return {token.strip() for token in value.split(",")}


CHECK = Check(
    id="production-profile",
    question="Does every service that owns a schema run with the production profile?",
    ask=profile_is_production,
)
