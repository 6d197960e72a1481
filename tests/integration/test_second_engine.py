"""The engine that tests may kill: it has the registry, and nothing of it outlives who made it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.estate import ROOT
from lab.fleet import Fleet
from lab.second_engine import mentioning, mounts_below, second_engine
from olmis_release.instance.config import Docker
from olmis_release.instance.engine import DockerEngine

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

HOLDS = """
import sys, time
from lab.second_engine import second_engine
with second_engine() as engine:
    engine.load(["debian:bookworm-slim"])
    engine.docker("run", "--detach", "debian:bookworm-slim", "sleep", "600")
    print(engine.folder, engine.network.name, flush=True)
    time.sleep(600)
"""


def test_images_are_pulled_by_digest_from_the_registry_of_this_host(fleet: Fleet) -> None:
    reference = fleet.pinned("openlmis/auth:4.1.0")
    with second_engine(registry=fleet.registry) as second:
        engine = DockerEngine.connect(Docker(host=second.host))
        pulled = engine.pull(reference, timeout_s=120, on_progress=lambda *_: None)
    assert pulled.digests == (reference,)


def test_all_of_it_goes_when_its_maker_is_killed() -> None:
    maker = subprocess.Popen([sys.executable, "-c", HOLDS], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with maker:
        assert maker.stdout
        folder, namespace = maker.stdout.readline().split()
        assert mentioning(folder), "its engine and its container's shim run"
        maker.kill()
    for _ in range(300):
        if not Path(folder).exists():
            break
        time.sleep(0.1)
    assert not Path(folder).exists()
    assert mentioning(folder) == []
    assert mounts_below(Path(folder)) == []
    assert not Path(f"/var/run/netns/{namespace}").exists()
