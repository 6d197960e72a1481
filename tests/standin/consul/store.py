"""What Consul remembers: services, their checks and keys. In memory only, as in a container without a volume."""

import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Service:
    """One registered address.

    Attributes:
        check_url: Asked every ten seconds where the service brought a check; ``status`` follows its answers.
        remove_after_s: Seconds of failing checks after which Consul forgets the service; 0 keeps it for ever.
    """

    id: str
    name: str
    address: str
    port: int
    tags: list[str]
    check_url: str = ""
    remove_after_s: float = 0.0
    status: str = "passing"
    failing_s: float = 0.0


@dataclass(slots=True)
class Store:
    """Services by id and keys by path; every method takes the lock."""

    services: dict[str, Service] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def register(self, body: dict[str, Any]) -> None:
        """Add or replace one service by its id."""
        check = body.get("Check") or {}
        service = Service(
            id=body.get("ID") or body["Name"],
            name=body["Name"],
            address=body.get("Address", ""),
            port=int(body.get("Port", 0)),
            tags=list(body.get("Tags") or []),
            check_url=check.get("HTTP", ""),
            remove_after_s=seconds(check.get("DeregisterCriticalServiceAfter", "0s")),
            status="critical" if check else "passing",
        )
        with self.lock:
            self.services[service.id] = service

    def deregister(self, service_id: str) -> bool:
        """Forget one service; say whether it was known."""
        with self.lock:
            return self.services.pop(service_id, None) is not None

    def named(self, name: str) -> list[Service]:
        """List the addresses of one service, in the order they came."""
        with self.lock:
            return [service for service in self.services.values() if service.name == name]

    def everything(self) -> list[Service]:
        """List all addresses."""
        with self.lock:
            return list(self.services.values())

    def put(self, key: str, value: bytes) -> None:
        """Store one key."""
        with self.lock:
            self.keys[key] = value

    def get(self, key: str, *, recurse: bool) -> list[tuple[str, bytes]]:
        """Read one key, or all keys that begin so, in the order of their names."""
        with self.lock:
            return sorted(
                (name, value) for name, value in self.keys.items() if name == key or (recurse and name.startswith(key))
            )

    def delete(self, key: str, *, recurse: bool) -> None:
        """Remove one key, or all that begin so."""
        with self.lock:
            for name, _ in self.get(key, recurse=recurse):
                del self.keys[name]


def seconds(text: str) -> float:
    """Read a Go duration of one unit: ``10s``, ``10m``."""
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    return float(text[:-1]) * units[text[-1]]
