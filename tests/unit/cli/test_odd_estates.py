"""Estates that are odd but real in kind, read through `import extension … --json` as another program reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.cli import Desk
from tests.fakes.round_trip import lay_out

RELEASES = {
    "3.17.0": {"auth": "4.3.3", "requisition": "8.4.0", "report": "1.4.0", "cce": "1.3.3"},
    "3.18.0": {"auth": "4.3.3", "requisition": "8.4.0", "report": "1.4.1", "cce": "1.3.3"},
    "3.19.2": {"auth": "4.4.0", "requisition": "8.5.0", "report": "1.5.0", "cce": "1.4.0"},
}
DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def known(desk: Desk, tmp_path: Path) -> Desk:
    """Return a desk whose workspace knows three Core releases, two of which differ in one service only."""
    for version, tags in RELEASES.items():
        services = "".join(f"  {name}: {{image: 'openlmis/{name}:{tag}'}}\n" for name, tag in tags.items())
        folder = lay_out(tmp_path / version, {"docker-compose.yml": f"services:\n{services}"})
        assert desk.type("import", "core", version, "--from", str(folder)).status == 0
    return desk


FORKS = """version: '2'
x-log: &log
  logging: {driver: syslog}
services:
  zm-web: {image: "zmoh/zm-ui:1.3.0"}
  auth:
    <<: *log
    image: zmoh/auth:4.4.0-zm2
    environment:
      - JAVA_OPTS=-Xmx512m
      - spring_profiles_active=production
  Requisition: {<<: *log, image: "registry.example.org:5000/openlmis/requisition:8.5.0"}
  zm-reports: {image: "zmoh/zm-reports:2.0.1"}
  cce: {image: "openlmis/cce:1.4.0"}"""
SLIPS = """services:
  auth: {image: 'openlmis/auth:${OL_AUTH_VERSION}', enviroment: {A: b}}
  cce: {image: 'openlmis/cce:${OL_CCE_VERSION}'}
  log: {image: 'openlmis/rsyslog:3'}
  logging: {driver: syslog}
  a: {image: 'openlmis/stockmanagement:5.1.9.hotfix.1', depends_on: [nothere], networks: [n]}
"""


@pytest.mark.parametrize(
    ("files", "options", "nearest"),
    [
        ({"docker-compose.yml": FORKS}, (), (["3.19.2"], 2, 2, [])),
        ({"docker-compose.yml": FORKS.replace("\n", "\r\n")}, (), (["3.19.2"], 2, 2, [])),
        # A tie: nothing that the country runs tells the two apart.
        (
            {
                ".env": "A=4.3.3\nR=8.4.0",
                "docker-compose.yml": "services:\n  auth: {image: 'openlmis/auth:${A}'}\n"
                "  requisition: {image: 'openlmis/requisition:${R}'}",
            },
            (),
            (["3.18.0", "3.17.0"], 2, 2, []),
        ),
        # Forks of everything: none may be claimed.
        (
            {"docker-compose.yml": "services:\n  auth: {image: 'kemoh/auth:1.0.0'}\n  db: {image: 'postgres:14'}\n"},
            (),
            ([], 0, 0, []),
        ),
        (
            {"docker-compose.yml": "services:\n  auth: {image: 'openlmis/auth:12.0.0'}\n  db: {image: postgres}\n"},
            (),
            ([], 0, 1, ["auth"]),
        ),
        # One that names digests, one way and the other.
        (
            {
                "docker-compose.yml": f"services:\n  auth: {{image: 'docker.io/openlmis/auth:4.4.0@{DIGEST}'}}\n"
                f"  cce: {{image: 'openlmis/cce@{DIGEST}'}}\n"
            },
            (),
            (["3.19.2"], 1, 2, ["cce"]),
        ),
        # Versions in the settings file; several .env files, the later one wins.
        (
            {
                "settings.env": "OL_AUTH_VERSION=4.3.3\n",
                "hotfix.env": "OL_AUTH_VERSION=4.4.0\n",
                "docker-compose.yml": "services:\n  auth: {image: 'openlmis/auth:${OL_AUTH_VERSION}'}\n",
            },
            ("--env", "settings.env", "--env", "hotfix.env"),
            (["3.19.2"], 1, 1, []),
        ),
        # Compose prefers compose.yaml, and its override, to docker-compose.yml.
        (
            {
                "compose.yaml": "services:\n  auth: {image: 'openlmis/auth:1.0.0'}\n",
                "compose.override.yaml": "services:\n  auth: {image: 'openlmis/auth:4.4.0'}\n",
                "docker-compose.yml": "services:\n  auth: {image: 'openlmis/auth:4.3.3'}\n",
            },
            (),
            (["3.19.2"], 1, 1, []),
        ),
        # Several environments in one source.
        (
            {
                "prod/.env": "V=4.4.0\n",
                "prod/docker-compose.yml": "services:\n  auth: {image: 'openlmis/auth:${V}'}\n",
                "uat/docker-compose.yml": "services:\n  auth: {image: 'openlmis/auth:4.4.1-SNAPSHOT'}\n",
            },
            ("--dir", "prod"),
            (["3.19.2"], 1, 1, []),
        ),
    ],
)
def test_the_nearest_core_is_told(
    known: Desk, tmp_path: Path, files: dict[str, str], options: tuple[str, ...], nearest: tuple[list[str], int, int]
) -> None:
    folder = lay_out(tmp_path / "odd", files)

    ended = known.type("import", "extension", "xx", "--from", str(folder), *options, "--json")

    assert ended.status == 0
    assert tuple(ended.json["nearest_core"].values()) == nearest
    assert [one for one in ended.json["problems"] if one["severity"] == "error"] == []


def test_forks_take_the_place_of_what_they_are_forks_of(known: Desk, tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "odd", {"docker-compose.yml": FORKS})

    told = known.type("import", "extension", "xx", "--from", str(folder), "--json").json

    assert told["images"]["Requisition"] == {
        "repository": "registry.example.org:5000/openlmis/requisition",
        "tag": "8.5.0",
        "digest": None,
    }
    said = known.type("import", "extension", "xx", "--from", str(folder), "--dry-run").out
    assert "  replace  auth, requisition (by Requisition), report (by zm-reports)\n" in said


def test_every_slip_is_told_at_its_place(known: Desk, tmp_path: Path) -> None:
    files = {".env": "OL_AUTH_VERSION=4.4.0\nOL_AUTH_VERSION=4.3.3\nOL_CCE_VERSON=1.0\n", "docker-compose.yml": SLIPS}
    folder = lay_out(tmp_path / "odd", files)

    ended = known.type("import", "extension", "xx", "--from", str(folder), "--json")

    assert ended.status == 15
    assert ended.json["images"].keys() == {"auth", "log", "a"}
    told = [(one["code"], one["line"], one["column"]) for one in ended.json["problems"]]
    assert [one for one in told if one[0] != "W-UNKNOWN-CORE-IMAGE"] == [
        ("W-DUPLICATE-VARIABLE", 2, 1),
        ("W-UNUSED-VARIABLE", 3, 1),
        ("E-UNKNOWN-KEY", 2, 53),
        ("E-UNDEFINED-VARIABLE", 3, 16),
        ("E-NO-IMAGE", 5, 3),
        ("W-MALFORMED-TAG", 6, 14),
        ("E-DEPENDS-ON", 6, 70),
        ("E-NETWORK", 6, 91),
    ]


def test_a_tab_is_called_a_tab(known: Desk, tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "odd", {"docker-compose.yml": "services:\n\tauth:\n\t\timage: openlmis/auth:4.4.0\n"})

    ended = known.type("import", "extension", "xx", "--from", str(folder), "--json")

    wrong = ended.json["problems"][0]
    assert (ended.status, wrong["line"], wrong["column"]) == (15, 2, 1)
    assert "a tab stands here" in wrong["message"]


def test_the_second_generation_is_refused_as_such(known: Desk, tmp_path: Path) -> None:
    text = "services:\n  openlmis: {image: 'siglus/openlmis:2.0-moz'}\n  postgres: {image: 'postgres:9.2'}\n"
    folder = lay_out(tmp_path / "odd", {"docker-compose.yml": text})

    ended = known.type("import", "extension", "xx", "--from", str(folder), "--json")

    assert ended.status == 15
    assert "E-OPENLMIS-OLD" in {one["code"] for one in ended.json["problems"]}
