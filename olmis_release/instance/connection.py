"""How the engine is reached: the same place for the SDK and for the command line, always, and never in plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import docker.errors
import requests
from docker.api import APIClient
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from olmis_release import clock
from olmis_release.errors import EffectUnknown, ReleaseError, StepFailed, TargetUnreachable
from olmis_release.instance.config import Docker
from olmis_release.instance.deadline import Job
from olmis_release.instance.endpoint import Endpoint, reach
from olmis_release.instance.wire import UnixAdapter, WatchedAdapter

START_ENGINE = "Check that the Docker engine runs, and that this user may use it, with `docker info`."
ASK_S = 60.0
"""Seconds that the engine has for one call, answer and all, unless the call says otherwise."""
TRIES = 3
PAUSE_S = 0.2
GARBLED = (ValueError, KeyError, TypeError, docker.errors.StreamParseError)
Result = TypeVar("Result")


class Line:
    """The SDK's client at one endpoint; every call goes through `ask`, which holds it to a deadline.

    Attributes:
        endpoint: Where the engine is.
        timeout_s: Seconds that one call may take.
    """

    def __init__(self, endpoint: Endpoint, *, timeout_s: float = ASK_S) -> None:
        """Agree with the engine on a version.

        Raises:
            TargetUnreachable: It does not answer.
        """
        self.endpoint = endpoint
        self.timeout_s = timeout_s
        # Stands for any version until the engine's own is known; it only decides which paths are asked.
        self.client = self._client("1.24")
        self.client = self._client(self.ask("say which version it is", _version))

    def ask(self, doing: str, call: Callable[[Any], Result], *, timeout_s: float | None = None) -> Result:
        """Return what a call of the SDK gives; one that broke off and changed nothing is tried again in time.

        Args:
            doing: Completes "The Docker engine … when asked to …".
            call: Gets the client; reads the whole answer, so that the deadline holds for that too.
            timeout_s: Seconds it may take in all.

        Raises:
            StepFailed: The engine answered that it cannot.
            EffectUnknown: The engine got at least part of a request to change something, and no whole answer came.
            TargetUnreachable: No answer, and nothing was asked but a question.
        """
        asking = _Asking(self, call, self.timeout_s if timeout_s is None else timeout_s)
        again = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_fixed(PAUSE_S),
            retry=retry_if_exception(asking.may_ask_again),
            reraise=True,
        )
        with translated(doing, may_have_changed=asking.may_have_changed):
            return again(asking.once)

    def _client(self, version: str) -> APIClient:
        tls = self.endpoint.tls
        client = APIClient(
            base_url=self.endpoint.host,
            version=version,
            timeout=int(self.timeout_s) or 1,
            tls=tls.for_sdk() if tls else False,
        )
        # An address of the target is never asked through a proxy that the environment names.
        client.trust_env = False
        unix = self.endpoint.unix_path
        if unix:
            client.mount("http+docker://", UnixAdapter(unix, timeout_s=self.timeout_s))
        else:
            client.mount("https://", WatchedAdapter())
        return client


class _Asking(Generic[Result]):
    """The tries of one call, all before one deadline."""

    def __init__(self, line: Line, call: Callable[[Any], Result], timeout_s: float) -> None:
        self._line = line
        self._call = call
        self._latest_s = clock.monotonic_s() + timeout_s
        self._job: Job[Result] | None = None

    def once(self) -> Result:
        self._job = None
        self._line.endpoint.ensure()
        self._job = Job(lambda: self._call(self._line.client))
        return self._job.result(self._latest_s - clock.monotonic_s())

    def may_have_changed(self) -> bool:
        return self._job is not None and self._job.may_have_changed

    def may_ask_again(self, error: BaseException) -> bool:
        answered = isinstance(error, (docker.errors.APIError, ReleaseError))
        broke_off = isinstance(error, (requests.RequestException, OSError, *GARBLED)) and not answered
        return broke_off and not self.may_have_changed() and clock.monotonic_s() + PAUSE_S < self._latest_s


def open_line(docker: Docker, *, timeout_s: float = ASK_S) -> Line:
    """Return the line to an instance's engine.

    Raises:
        TargetUnreachable: The engine does not answer, or there is no such context.
        BadInput: The endpoint is one in plain text, or its key files cannot be used.
    """
    return Line(reach(docker), timeout_s=timeout_s)


def cli_prefix(endpoint: Endpoint) -> tuple[str, ...]:
    """Return how a ``docker`` command line begins for this endpoint."""
    tls = endpoint.tls
    files = ("--tlsverify", "--tlscacert", tls.ca, "--tlscert", tls.cert, "--tlskey", tls.key) if tls else ()
    return ("docker", "--host", endpoint.host, *files)


@contextmanager
def translated(doing: str, *, may_have_changed: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Turn every error of the SDK into one of ours; `doing` completes "The engine … while asked to …".

    Raises:
        EffectUnknown: The engine did not answer; whether it did what was asked is unknown.
        TargetUnreachable: The engine did not answer, and nothing can have changed.
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
    except (docker.errors.DockerException, requests.RequestException, OSError, *GARBLED) as error:
        kind = EffectUnknown if may_have_changed() else TargetUnreachable
        said = "gave no answer that can be read" if isinstance(error, GARBLED) else "did not answer"
        raise kind(f"The Docker engine {said} when asked to {doing}: {error}.", resolution=START_ENGINE) from error


def _version(client: Any) -> str:
    return str(client.version(api_version=False)["ApiVersion"])
