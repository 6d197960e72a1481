"""The fault versions: a sound release with one thing wrong, named in its tag."""

from dataclasses import replace

from lab.migrations import MigrationFile, added, newest_number
from lab.releases import Release
from tests.standin.service.spec import Fault

OF_SCHEMA = frozenset({Fault.FAILING_MIGRATION, Fault.DROPS_COLUMN})
#: Far from the numbers of hotfixes: a fault's migration must never pass for another one that is applied already.
DISTANCE = {Fault.FAILING_MIGRATION: 100, Fault.DROPS_COLUMN: 200}
FAILING = """\
ALTER TABLE catalogue ADD COLUMN c_{number} text;
UPDATE catalogue SET c_{number} = (1 / (id - id))::text;
"""
DROPPING = """\
CREATE TABLE IF NOT EXISTS records (
    id text PRIMARY KEY, note text, written_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE records DROP COLUMN note;
"""


def faults_of(release: Release) -> tuple[Fault, ...]:
    """Say which faults exist of a release; those of migrations need a schema."""
    return tuple(
        fault for fault in Fault if fault is not Fault.NONE and (release.spec.schema or fault not in OF_SCHEMA)
    )


def faulty(release: Release, fault: Fault) -> Release:
    """Make the version of a release that has this fault; its tag says so."""
    version = f"{release.spec.version}-{fault}"
    served = release.older if fault is Fault.WRONG_VERSION else version
    spec = replace(release.spec, version=version, served_version=served, fault=fault)
    return replace(release, spec=spec, migrations=(*release.migrations, *fault_migrations(release, fault)))


def fault_migrations(release: Release, fault: Fault) -> tuple[MigrationFile, ...]:
    """Write the migrations that a fault adds: a working and a failing one, or one that drops a column."""
    first = newest_number(release.migrations) + DISTANCE.get(fault, 0)
    if fault is Fault.FAILING_MIGRATION:
        return (added(first, "works"), added(first + 1, "fails", FAILING.format(number=first + 1)))
    if fault is Fault.DROPS_COLUMN:
        return (added(first, "drops_a_column_in_use", DROPPING),)
    return ()
