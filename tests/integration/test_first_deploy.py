"""The first deploy: onto a host that has nothing of OpenLMIS yet."""

from __future__ import annotations

import docker
import pytest

from lab.estate import Estate
from tests.integration.trial import new_release, require, runs

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]


def test_a_first_deploy_that_fails_takes_down_what_it_started_and_keeps_volumes(empty_estate: Estate) -> None:
    release = new_release(empty_estate, requisition="7.1.0-error-500")
    done = require(empty_estate.tool("deploy", empty_estate.instance, "--release", release), exit_code=9)
    assert "requisitions are listed" in done.stdout + done.stderr
    assert containers(empty_estate) == []
    assert volumes(empty_estate)
    assert runs(empty_estate)[0]["outcome"] == "rolled-back"
    require(empty_estate.tool("deploy", empty_estate.instance, "--release", new_release(empty_estate)))
    assert empty_estate.version("requisition") == "7.1.0"


def containers(estate: Estate) -> list[str]:
    client = docker.from_env()
    names = [str(one.name) for one in client.containers.list(all=True)]
    return [name for name in names if name.startswith(estate.project)]


def volumes(estate: Estate) -> list[str]:
    return [str(one.name) for one in docker.from_env().volumes.list() if str(one.name).startswith(estate.project)]
