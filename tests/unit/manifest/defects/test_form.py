"""The form of compose files: what Compose would refuse is refused, each fault at its place."""

from pathlib import Path

import pytest

from tests.fakes.distribution import defects


@pytest.mark.parametrize(
    ("line", "place", "said"),
    [
        ("enviroment: {A: b}", "4:5", "unknown key `services.a.enviroment`. Did you mean `environment`?"),
        ("healthcheck: {intervall: 5s}", "4:19", "Did you mean `interval`?"),
        ("healthcheck: {interval: 5}", "4:29", "must be a duration such as 1m30s, not the number 5"),
        ("healthcheck: {test: [curl]}", "4:26", "must be CMD, CMD-SHELL or NONE"),
        ("environment: text", "4:18", "must be a mapping or a list of texts, not 'text'"),
        ("environment: {A: [b]}", "4:19", "services.a.environment.A must be one value, not a list"),
        ("ports: ['eighty']", "4:13", "must be a port mapping such as 8080:80 or a mapping, not 'eighty'"),
        ("ports: [70000]", "4:13", "port"),
        ("mem_limit: plenty", "4:16", "must be a size such as 512m"),
        ("depends_on: {b: {condition: started}}", "4:33", "must be `service_started` or"),
        ("restart: [always]", "4:5", "must be text, not a list"),
        ("hostname: 5", "4:15", "must be text, not the number 5"),
        ("logging: {drivr: syslog}", "4:15", "Did you mean `driver`?"),
        ("command: {a: b}", "4:5", "not a mapping"),
        ("privileged: perhaps", "4:17", "must be true or false"),
        ("deploy: {replicas: many}", "4:24", "must be a whole number"),
    ],
)
def test_a_value_that_compose_refuses_is_refused_at_its_place(tmp_path: Path, line: str, place: str, said: str) -> None:
    text = f"services:\n  a:\n    image: x/a:1.0\n    {line}\n  b: {{image: 'x/b:1.0'}}\n"
    found = [problem for problem in defects(tmp_path, text) if problem.severity.value == "error"]
    assert [str(problem.where) for problem in found] == [f"docker-compose.yml:{place}"]
    assert said in str(found[0])


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("servces: {}\n", "1:1", "Did you mean `services`?"),
        ("version: 3\nservices: {a: {image: x/a:1}}\n", "1:10", "version must be text, not the number 3"),
        ("services: {a: {image: x/a:1}}\nvolumes: {z: {drivr: local}}\n", "2:15", "Did you mean `driver`?"),
        ("services: {a: {image: x/a:1}}\nnetworks: [z]\n", "2:1", "networks must be a mapping, not a list"),
    ],
)
def test_so_are_the_sections_beside_the_services(tmp_path: Path, text: str, place: str, said: str) -> None:
    found = {str(problem.where): str(problem) for problem in defects(tmp_path, text)}
    assert said in found[f"docker-compose.yml:{place}"]


@pytest.mark.parametrize(
    "line",
    [
        "x-own: {anything: [goes]}",
        "environment: {A: 5, B: true, C: null, D: x}",
        "environment: [A=5, B]",
        "privileged: 'yes'",
        "cpus: '0.5'",
        "mem_limit: 1.3G",
        "ports: ['${PORT}:80', '127.0.0.1:80:80/udp', 80, {target: 80, published: '8080'}]",
        "healthcheck: {test: [CMD, curl], interval: 1m30s, retries: 3}",
        "command:",
        "stop_grace_period: ${GRACE}",
    ],
)
def test_what_compose_takes_is_taken(tmp_path: Path, line: str) -> None:
    text = f"services:\n  a:\n    image: x/a:1.0\n    {line}\n"
    assert [str(problem) for problem in defects(tmp_path, text) if problem.severity.value == "error"] == []
