"""How the engine is reached: the same place for the SDK and for the command line, always."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker.errors
import requests
from docker.api import APIClient
from docker.context import ContextAPI
from docker.utils import kwargs_from_env

from olmis_release.errors import ReleaseError, StepFailed, TargetUnreachable
from olmis_release.instance.config import Docker

START_ENGINE = "Check that the Docker engine runs, and that this user may use it, with `docker info`."


def cli_prefix(docker: Docker) -> tuple[str, ...]:
    """Return how a ``docker`` command line begins for this endpoint."""
    if docker.context:
        return ("docker", "--context", docker.context)
    if docker.host:
        return ("docker", "--host", docker.host)
    return ("docker",)


def open_client(docker: Docker, *, timeout_s: int) -> APIClient:
    """Return an SDK client for the endpoint, its API version agreed on with the engine.

    Raises:
        TargetUnreachable: The engine does not answer, or there is no such context.
    """
    arguments = dict(_arguments(docker))
    over_ssh = str(arguments.get("base_url", "")).startswith("ssh://")
    with translated("connect"):
        return APIClient(version="auto", timeout=timeout_s, use_ssh_client=over_ssh, **arguments)


def _arguments(docker: Docker) -> Mapping[str, Any]:
    if docker.host:
        return {"base_url": docker.host}
    if docker.context is None and os.environ.get("DOCKER_HOST"):
        return kwargs_from_env()
    return _context_arguments(docker.context or os.environ.get("DOCKER_CONTEXT"))


def _context_arguments(name: str | None) -> Mapping[str, Any]:
    # The stubs promise a context; the SDK returns None for a name it does not know.
    context: Any = ContextAPI.get_context(name)
    if context is None:
        raise TargetUnreachable(
            f"There is no Docker context {name!r} on this machine.",
            resolution="See `docker context ls`; make it with `docker context create`, or correct the instance file.",
        )
    tls = {"tls": context.TLSConfig} if context.TLSConfig else {}
    return {"base_url": context.Host, **tls}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn every error of the SDK into one of ours; `doing` completes "The engine … while asked to …".

    Raises:
        TargetUnreachable: The engine did not answer; whether it did what was asked is unknown.
        StepFailed: The engine answered that it cannot.
    """
    try:
        yield
    except ReleaseError:
        raise
    except docker.errors.APIError as error:
        raise StepFailed(
            f"The Docker engine refused to {doing}: {error.explanation or error}.",
            resolution="Correct what the engine complains of, then try again.",
        ) from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise TargetUnreachable(
            f"The Docker engine did not answer when asked to {doing}: {error}.", resolution=START_ENGINE
        ) from error
