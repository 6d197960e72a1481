"""Boot one stand-in service: cost of a JVM, Flyway, then the port.

What a fault changes is decided here and in the answers.
"""

import hashlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psycopg

from tests.standin.service.flyway import Flyway, FlywayError
from tests.standin.service.pool import Pool
from tests.standin.service.records import Records
from tests.standin.service.settings import Settings, SettingsError, read_settings
from tests.standin.service.spec import Fault, Spec, read_migrations, read_spec
from tests.standin.service.web import Server

SLOW_BOOT_S = 60.0
SLOW_BOOT_LEAST_S = 30.0
LIFE_AFTER_READY_S = 20.0
EXTENSIONS = Path("/extensions")


def spend(*, wait_s: float, cpu_s: float) -> None:
    """Cost what a boot costs: real work for a processor, and waiting; the port stays closed meanwhile."""
    time.sleep(wait_s)
    block = bytes(4096)
    end = time.process_time() + cpu_s
    while time.process_time() < end:
        block = hashlib.sha256(block).digest() * 128


def boot_wait_s(spec: Spec, boot_scale: float) -> float:
    """Say how long this boot waits; a slow one is never scaled below half a minute."""
    if spec.fault is Fault.SLOW_BOOT:
        return max(SLOW_BOOT_S * boot_scale, SLOW_BOOT_LEAST_S)
    return spec.boot_wait_s * boot_scale


def prepare_database(spec: Spec, settings: Settings, schema: str) -> Records:
    """Run Flyway in the service's own schema and open the pool.

    Raises:
        FlywayError: Refused or failed.
        psycopg.Error: The database cannot be reached.
    """
    with psycopg.connect(settings.conninfo, autocommit=True, connect_timeout=10) as connection:
        flyway = Flyway(connection, spec)
        if settings.wipes:
            flyway.clean()
        flyway.migrate(read_migrations())
    pool = Pool(settings.conninfo)
    records = Records(pool, schema)
    records.create(demo_data="demo-data" in settings.profiles)
    pool.keep_open()
    return records


def say_extensions() -> None:
    """Name the modules found, as a service's log does."""
    if EXTENSIONS.is_dir():
        print(f"Extensions: {', '.join(sorted(path.name for path in EXTENSIONS.iterdir())) or 'none'}", flush=True)


def boot() -> None:
    """Start and serve until killed.

    Raises:
        SettingsError, FlywayError, psycopg.Error: The start failed; nothing was ever served.
    """
    started = time.monotonic()
    spec = read_spec()
    settings = read_settings(needs_database=spec.schema is not None)
    say_extensions()
    spend(wait_s=boot_wait_s(spec, settings.boot_scale), cpu_s=spec.boot_cpu_s * settings.boot_scale)
    records = prepare_database(spec, settings, spec.schema) if spec.schema else None
    if spec.fault is Fault.NEVER_LISTENS:
        print("Waiting for a lock that nobody will give back", flush=True)
        threading.Event().wait()
    if spec.fault is Fault.EXITS_AFTER_20:
        threading.Timer(LIFE_AFTER_READY_S, os._exit, [1]).start()
    server = Server(spec, records)
    print(f"Started {spec.name} {spec.version} in {time.monotonic() - started:.1f} seconds", flush=True)
    server.serve_forever()


def main() -> int:
    """Boot; a failed start is told and ends with 1, as Spring Boot does."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        boot()
    except (SettingsError, FlywayError, psycopg.Error) as error:
        print(f"ERROR Application run failed\n{type(error).__name__}: {error}", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
