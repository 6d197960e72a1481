"""What an instance file may say, and what is refused where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from olmis_release.errors import BadInput
from olmis_release.instance.config import InstanceConfig
from olmis_release.yamlio.document import parse_yaml
from olmis_release.yamlio.models import read_model

LINES = """\
kind: instance
name: uat
purpose: uat
url: http://127.0.0.1:8080
project: olmis-uat
settings: settings/uat.env
database: {component: db}
wall: {image: "nginx:1.22", publish: "127.0.0.1:8080"}
"""


def read(more: str) -> InstanceConfig:
    return read_model(InstanceConfig, parse_yaml((LINES + more).encode(), shown_as="uat.yml"))


@pytest.mark.parametrize("value", ["-5", "0", "inf", "nan", "soon"])
def test_a_time_limit_is_a_number_above_zero(value: str) -> None:
    with pytest.raises(BadInput, match=r"uat\.yml:9:22: `timeouts\.ready_s` "):
        read(f"timeouts: {{ ready_s: {value} }}\n")


def test_nothing_has_to_run_for_a_while_where_steady_s_is_zero() -> None:
    assert read("timeouts: {steady_s: 0}\n").timeouts.steady_s == 0.0


@pytest.mark.parametrize(
    "check", ["path: requisition", 'path: "/a b"', "path: /, expect_status: 99", "path: /, within_s: 0"]
)
def test_a_smoke_test_that_cannot_be_asked_is_refused(check: str) -> None:
    with pytest.raises(BadInput, match=r"uat\.yml:9:\d+: `smoke\.0\."):
        read(f"smoke: [{{name: front page, {check}}}]\n")


def test_smoke_tests_have_names_of_their_own() -> None:
    with pytest.raises(BadInput, match="two checks are named 'front page'"):
        read("smoke: [{name: front page, path: /}, {name: front page, path: /a}]\n")


@pytest.mark.parametrize("name", ['"a b"', '"uat.example.org\\r\\nX-Evil: 1"', '""'])
def test_a_host_header_is_one_host_name(name: str) -> None:
    with pytest.raises(BadInput, match="host_header"):
        read(f"host_header: {name}\n")


@pytest.mark.parametrize("name", ["uat.example.org", "uat.example.org:8443", "'[::1]:80'"])
def test_a_host_header_may_name_a_port(name: str) -> None:
    assert read(f"host_header: {name}\n").host_header == name.strip("'")


@pytest.mark.parametrize(
    "host",
    [
        *("unix:///run/user/1000/docker.sock", "ssh://uat", "ssh://moh@uat.example.org:2222", "ssh://my_alias"),
        *("ssh://moh@[fd00::2]:22", "ssh://10.0.0.1"),
    ],
)
def test_an_engine_is_reached_by_socket_or_ssh(host: str) -> None:
    assert read(f"docker: {{host: '{host}'}}\n").docker.host == host


@pytest.mark.parametrize(
    "host",
    [
        *("ssh://-oProxyCommand=touch x", "ssh://-oProxyCommand=x", "ssh://moh@-oProxyCommand=x", "ssh://-v@uat"),
        *("ssh://", "ssh://moh:secret@uat", "ssh://uat/run/docker.sock", "ssh://uat:0", "ssh://uat:65536", "ssh://a b"),
        *("ssh://uat;id", "ssh://$(id)", "ssh://uat?x", "http://uat:2375", "uat", "tcp://uat", "unix://relative"),
        *("tcp://-uat:2376", "npipe:////./pipe/docker"),
    ],
)
def test_a_host_that_ssh_or_docker_could_misread_is_refused(host: str) -> None:
    with pytest.raises(BadInput, match=r"uat\.yml:9:16: `docker\.host`: .* is not a Docker endpoint"):
        read(f"docker: {{host: '{host}'}}\n")


TLS = "tls: {ca: tls/ca.pem, cert: /etc/cert.pem, key: tls/key.pem}"


@pytest.mark.parametrize(
    ("docker", "told"),
    [
        ("host: 'tcp://uat:2375'", "in plain text is refused"),
        ("host: 'ssh://uat', " + TLS, "tls goes with a host tcp"),
        ("context: uat, " + TLS, "tls goes with a host tcp"),
        ("context: uat, host: 'ssh://uat'", "either context or host"),
        ("host: 'tcp://uat:2376', socket: /x, " + TLS, "socket goes with ssh"),
        ("host: 'ssh://uat', socket: 'x:/etc'", "not the path of a socket"),
    ],
)
def test_what_does_not_go_together_is_refused(docker: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read(f"docker: {{{docker}}}\n")


def test_the_files_of_tls_lie_in_the_workspace_unless_told_otherwise() -> None:
    docker = read(f"docker: {{host: 'tcp://uat:2376', {TLS}}}\n").docker.below(Path("/w"))
    assert docker.tls
    assert (docker.tls.ca, docker.tls.cert, docker.tls.key) == ("/w/tls/ca.pem", "/etc/cert.pem", "/w/tls/key.pem")
