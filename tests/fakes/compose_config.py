"""`docker compose config` as the judge of what compose files mean; it needs no engine."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from olmis_release.manifest.image import ComposeValue
from olmis_release.manifest.importers.core import written_image
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.typed import typed
from olmis_release.manifest.variables import filled, literally, mapped
from olmis_release.yamlio import write_yaml


@functools.cache
def is_there() -> bool:
    """Whether `docker compose` can be run."""
    docker = shutil.which("docker")
    return bool(docker) and subprocess.run(["docker", "compose", "version"], check=False).returncode == 0


needs_compose = pytest.mark.skipif(not is_there(), reason="docker compose is not installed")


def compose_config(folder: Path, *options: str, env: Mapping[str, str] | None = None) -> dict[str, Any] | str:
    """Return what Compose makes of the files in a folder, or what it says against them."""
    given = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **(env or {})}
    argv = ["docker", "compose", "-p", "x", *options, "config", "--format", "json"]
    done = subprocess.run(argv, check=False, cwd=folder, env=given, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def rewritten(distribution: Distribution, values: Mapping[str, str]) -> str:
    """Return a distribution as one flat compose file, open variables filled in."""

    def plain(value: ComposeValue) -> ComposeValue:
        return mapped(value, lambda text: literally(filled(text, lambda name: values.get(name, ""))))

    services = {}
    for name, service in distribution.services.items():
        body = plain(service.body)
        assert isinstance(body, dict)
        image = {"image": written_image(service.image)} if service.image else {}
        build = {"build": service.build} if service.built and not service.image else {}
        services[name] = {**image, **build, **typed(body)}
    file: dict[str, Any] = {"services": services}
    file |= {"volumes": dict(distribution.volumes)} if distribution.volumes else {}
    file |= {"networks": dict(distribution.networks)} if distribution.networks else {}
    file |= {name: dict(section) for name, section in distribution.top.items()}
    return write_yaml(file)


def differences(one: Mapping[str, Any], other: Mapping[str, Any], ignored: Sequence[str] = ()) -> list[str]:
    """Return every part of a service in which two configurations differ."""
    found = []
    for name in sorted({*one["services"], *other["services"]}):
        here, there = one["services"].get(name), other["services"].get(name)
        if here is None or there is None:
            found.append(f"{name}: only in {'the second' if here is None else 'the first'}")
            continue
        keys = sorted({*here, *there} - set(ignored))
        found += [
            f"{name}.{key}: {here.get(key)} | {there.get(key)}" for key in keys if here.get(key) != there.get(key)
        ]
    return found


__all__ = ["compose_config", "differences", "needs_compose", "rewritten"]
