"""The environment of a service container, as OpenLMIS services read it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.conninfo import make_conninfo

REQUIRED = ("BASE_URL",)
REQUIRED_FOR_DATABASE = ("DATABASE_URL", "POSTGRES_USER", "POSTGRES_PASSWORD")
JDBC = "jdbc:"


class SettingsError(Exception):
    """A required variable is missing or unreadable; the service exits 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one container was given.

    Attributes:
        conninfo: How to reach the database; empty for a service without one.
        profiles: Spring's active profiles. Without ``production`` a service wipes its schema at every start.
        boot_scale: Factor on the cost of a boot; 1.0 is a JVM's cost scaled down to about three seconds.
    """

    conninfo: str = ""
    profiles: frozenset[str] = frozenset()
    boot_scale: float = 1.0
    consul_url: str = "http://consul:8500"
    service_tag: str = "openlmis-service"

    @property
    def wipes(self) -> bool:
        """Tell whether this start empties the schema."""
        return "production" not in self.profiles


def read_settings(env: Mapping[str, str] = os.environ, *, needs_database: bool) -> Settings:
    """Read the environment.

    Raises:
        SettingsError: A variable without a default is missing.
    """
    required = REQUIRED + (REQUIRED_FOR_DATABASE if needs_database else ())
    missing = [name for name in required if not env.get(name)]
    if missing:
        raise SettingsError(f"Could not resolve placeholder: {', '.join(missing)} not set in the environment.")
    return Settings(
        conninfo=_conninfo(env) if needs_database else "",
        profiles=frozenset(profile.strip() for profile in env.get("spring_profiles_active", "").split(",")),
        boot_scale=float(env.get("STANDIN_BOOT_SCALE") or 1.0),
        consul_url=f"http://{env.get('CONSUL_HOST') or 'consul'}:{env.get('CONSUL_PORT') or '8500'}",
        service_tag=env.get("SERVICE_TAG") or "openlmis-service",
    )


def _conninfo(env: Mapping[str, str]) -> str:
    url = env["DATABASE_URL"]
    if not url.startswith(JDBC + "postgresql://"):
        raise SettingsError(f"DATABASE_URL is {url!r}, not jdbc:postgresql://host:port/database.")
    return make_conninfo(url.removeprefix(JDBC), user=env["POSTGRES_USER"], password=env["POSTGRES_PASSWORD"])
