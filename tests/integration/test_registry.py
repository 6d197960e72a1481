"""Digests at a real registry: what a candidate records, and what `verify` finds when a tag was pushed again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import requests

from lab.catalogue import LABEL
from lab.estate import free_port
from lab.images import built
from lab.registry import MANIFEST, Registry
from lab.registry_container import INSIDE, wait_for
from olmis_release.cli.main import main
from tests.integration.trial import fresh_name

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

INDEX = "application/vnd.oci.image.index.v1+json"
CORE = """\
kind: core
version: 3.5.0
source: {repository: r, ref: v3.5.0, commit: c}
components:
  auth: {image: openlmis/auth:4.1.0}
  report: {image: openlmis/report:1.1.2}
"""


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """Run a registry of our own, so that nobody else's tags move."""
    client = docker.from_env()
    port = free_port()
    container = client.containers.run(
        built(client, "registry"),
        name=f"olmis-{fresh_name()}-registry",
        detach=True,
        labels={LABEL: "1"},
        ports={INSIDE: ("127.0.0.1", port)},
    )
    try:
        found = Registry(address=f"127.0.0.1:{port}", session=requests.Session())
        wait_for(found)
        yield found
    finally:
        container.remove(force=True, v=True)


def push(registry: Registry, repository: str, tag: str, *, content: str) -> str:
    """Push an image of one configuration and no layers; return its digest."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"content": content}}}).encode()
    name = registry.put_blob(repository, config)
    described = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": name}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}
    return registry.put_manifest(repository, tag, manifest)


def push_index(registry: Registry, repository: str, tag: str, *, content: str) -> tuple[str, str]:
    """Push an index over one image; return the digests of both."""
    image = push(registry, repository, f"{tag}-amd64", content=content)
    size = len(json.dumps(registry.manifest(repository, image), sort_keys=True).encode())
    platform = {"os": "linux", "architecture": "amd64"}
    entry = {"mediaType": MANIFEST, "size": size, "digest": image, "platform": platform}
    data = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
    url = f"http://{registry.address}/v2/{repository}/manifests/{tag}"
    answer = registry.session.put(url, data=data, headers={"Content-Type": INDEX}, timeout=60)
    answer.raise_for_status()
    return answer.headers["Docker-Content-Digest"], image


def test_a_candidate_pins_index_and_platform_and_a_tag_pushed_again_is_found(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def tool(*words: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
        status = main(["--repo", str(tmp_path), *words, "--mirror", f"docker.io={registry.address}", "--json"])
        return status, json.loads(capsys.readouterr().out)

    (tmp_path / "manifests/core").mkdir(parents=True)
    (tmp_path / "manifests/core/3.5.0.yml").write_text(CORE, encoding="utf-8")
    auth = push(registry, "openlmis/auth", "4.1.0", content="first")
    index, amd64 = push_index(registry, "openlmis/report", "1.1.2", content="first")

    assert tool("candidate", "3.5.0")[0] == 0
    lock = (tmp_path / "manifests/candidates/3.5.0/rc1.yml").read_text(encoding="utf-8")
    assert [digest in lock for digest in (auth, index, amd64)] == [True, True, True]
    assert tool("verify", "3.5.0")[0] == 0

    again, _ = push_index(registry, "openlmis/report", "1.1.2", content="second")
    status, told = tool("verify", "3.5.0")
    [report] = [one for one in told["components"] if one["name"] == "report"]
    assert (status, report["standing"], report["digest"], report["now"]) == (15, "moved", index, again)
    assert [one["standing"] for one in told["components"] if one["name"] == "auth"] == ["same"]
