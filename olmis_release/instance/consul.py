"""Consul, OpenLMIS's service registry, reached through the entrance that the wall keeps for the tool.

A service registers when it starts and never deregisters (older ones under a random id), and nginx routes to whatever
is registered, alive or not. So whoever replaces a component must take its old registration away.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

from olmis_release.errors import StepFailed
from olmis_release.instance.ports import Answer, FrontDoor
from olmis_release.instance.wall_config import CONSUL_PATH

ROUTES = "resources/"
TIMEOUT_S = 15.0


class ConsulThroughWall:
    """Consul behind the wall; see `ports.Consul`.

    Args:
        front: A front with the pass that the wall was last opened or closed with.
    """

    def __init__(self, front: FrontDoor) -> None:
        """Keep the way there; nothing is asked yet."""
        self._front = front

    def deregister(self, service: str, *, addresses: Sequence[str] | None = None) -> int:
        """Remove a service's registrations (only those at the addresses, if given); returns how many."""
        agent = cast("Mapping[str, Mapping[str, Any]]", self._read("/v1/agent/services") or {})
        gone = [
            number
            for number, one in agent.items()
            if one.get("Service") == service and (addresses is None or one.get("Address") in addresses)
        ]
        for number in gone:
            self._write("PUT", f"/v1/agent/service/deregister/{quote(number, safe='')}")
        return len(gone)

    def forget(self, service: str) -> int:
        """Remove the routes (keys) that lead to a service; returns how many."""
        keys = cast("Sequence[Mapping[str, Any]]", self._read(f"/v1/kv/{ROUTES}?recurse") or ())
        gone = [str(one["Key"]) for one in keys if _value(one) == service]
        for key in gone:
            self._write("DELETE", f"/v1/kv/{quote(key)}")
        return len(gone)

    def _read(self, path: str) -> object:
        # Consul answers 404 without a body where there are no keys; the wall's own 404 has one.
        answer = self._front.request("GET", f"{CONSUL_PATH}{path}", timeout_s=TIMEOUT_S)
        if answer.status == 404 and not answer.text.strip():
            return None
        return _checked(answer, path).json

    def _write(self, method: str, path: str) -> None:
        answer = self._front.request(method, f"{CONSUL_PATH}{path}", timeout_s=TIMEOUT_S)
        if answer.status != 404:  # gone already
            _checked(answer, path)


def _value(entry: Mapping[str, Any]) -> str:
    return base64.b64decode(entry.get("Value") or "").decode("utf-8", "replace")


def _checked(answer: Answer, path: str) -> Answer:
    if answer.status != 200:
        raise StepFailed(
            f"Consul did not do {path} (status {answer.status}{answer.error and ', '}{answer.error}).",
            details=answer.text[:2000],
            resolution="Check that the component consul runs and that the wall was opened or closed by this run.",
        )
    return answer
