"""The health checks of services that brought one; nginx ignores what comes out, as in OpenLMIS."""

import time
from urllib.request import urlopen

from tests.standin.consul.store import Service, Store

EVERY_S = 10.0


def passes(service: Service) -> bool:
    """Ask once."""
    try:
        with urlopen(service.check_url, timeout=5):
            return True
    except OSError:
        return False


def check_once(store: Store) -> None:
    """Ask every service with a check and forget those that failed for too long."""
    for service in [service for service in store.everything() if service.check_url]:
        good = passes(service)
        service.status = "passing" if good else "critical"
        service.failing_s = 0.0 if good else service.failing_s + EVERY_S
        if service.remove_after_s and service.failing_s >= service.remove_after_s:
            store.deregister(service.id)


def check_forever(store: Store) -> None:
    """Check every ten seconds."""
    while True:
        time.sleep(EVERY_S)
        check_once(store)
