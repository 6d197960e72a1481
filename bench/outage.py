"""How long are users cut off? The same change by three ways, probed every 50 ms through the same front.

``python -m bench.outage [a] [b] [c]``. The change: the 11 services of Core 3.18.0 that own a schema go to 3.19.0, each
with at least one migration; the other 6 of the 17 components stay. Before each way the instance is made anew at 3.18.0,
with rows in it, and the new images are taken off the engine. The front is the tool's own nginx container in all three
ways, open; a route counts as cut off from its first failed probe until it is served again, and users count as cut off
while any route is.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import requests
import yaml
from tabulate import tabulate

from bench.ways import WAYS, Change, Way, require
from lab.estate import ROOT, Estate, Wishes, make_estate, remove_project
from lab.fleet import ensure_fleet
from lab.probe import Outage, Prober
from lab.writers import Writers

PROJECT = "olmis-bench"
FOLDER = ROOT / "build" / "bench"
OLD, NEW = "3.18.0+bench1", "3.19.0+bench1"
BENCH = "-bench"
#: The service on the registry and its version after the change, by component.
SERVICES = {
    "auth": ("auth", "4.3.5-bench"),
    "buq": ("buq", "1.0.2-bench"),
    "cce": ("cce", "1.3.5-bench"),
    "dhis2-integration": ("dhis2", "1.0.1-bench"),
    "fulfillment": ("fulfillment", "9.2.0-bench"),
    "hapifhir": ("hapifhir", "2.0.4-bench"),
    "notification": ("notification", "4.3.5-bench"),
    "referencedata": ("referencedata", "15.3.0"),
    "report": ("report", "1.4.0"),
    "requisition": ("requisition", "8.4.0-bench"),
    "stockmanagement": ("stockmanagement", "5.2.0"),
}
#: What 3.19.0 changes besides, kept at 3.18.0's version: the change is the services that migrate.
STAYS = {"diagnostics": "1.1.3", "reference-ui": "5.2.9", "nginx": "5"}
ROUTES = ("/", *(f"/{consul}" for consul, _ in SERVICES.values()))
FILL_ROWS = 1_000_000
SETTLED_S = 3.0
GIVE_UP_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one way took.

    Attributes:
        wall_s: From the first command until its last one has ended and every route is served.
        new: How many services answer with their new version in the end.
        rows_kept: Whether every row that was there before still is.
    """

    way: Way
    outage: Outage
    wall_s: float
    new: int
    rows_kept: bool


def measure(way: Way, registry: str) -> Figures:
    """Make the instance anew, carry the change out this way, and watch."""
    estate, change = fresh_instance(registry)
    with Writers(estate.url, ("requisition", "stockmanagement")) as writers:
        writers.wait_for(200)
    before = rows(estate)
    forget_images(change)
    with Prober(estate.url, ROUTES) as prober:
        wait_until_settled(prober)
        started = time.monotonic()
        way.carry_out(estate, change)
        ended = time.monotonic()
        wait_until_settled(prober)
    outage = prober.outage()
    served = max([ended, *(span.end_s for span in outage.spans)])
    return Figures(
        way=way, outage=outage, wall_s=served - started, new=new_versions(estate), rows_kept=rows(estate) == before
    )


def fresh_instance(registry: str) -> tuple[Estate, Change]:
    """Bring up the old release on nothing, with rows in it, and plan the change."""
    remove_project(PROJECT)
    shutil.rmtree(FOLDER, ignore_errors=True)
    wishes = Wishes(
        project=PROJECT, instance="bench", registry=registry, ready_s=300, manifests=ROOT / "bench" / "manifests"
    )
    estate = make_estate(FOLDER, wishes)
    require(estate.candidate(OLD))
    old = planned(estate, OLD)
    require(estate.tool("deploy", estate.instance))
    estate.psql(
        "CREATE TABLE requisition.bulk AS "
        f"SELECT number, md5(number::text) AS text FROM generate_series(1, {FILL_ROWS}) AS number"
    )
    pins = {name: tag for name, (_, tag) in SERVICES.items() if tag.endswith(BENCH)} | STAYS
    require(estate.candidate(NEW, **pins))
    return estate, Change(old_file=old, new_file=planned(estate, NEW))


def planned(estate: Estate, release: str) -> Path:
    """Plan a release.

    Returns:
        Its rendered Compose file.
    """
    plan = json.loads(require(estate.tool("plan", release, "--to", estate.instance, "--json")))
    return estate.folder / str(plan["folder"]) / "compose.yml"


def forget_images(change: Change) -> None:
    """Take the images of the change off the engine, so that every way has the same to pull."""
    old, new = (images_in(file) for file in (change.old_file, change.new_file))
    for image in sorted(new - old):
        subprocess.run(["docker", "image", "rm", "--force", image], capture_output=True, check=False)


def images_in(file: Path) -> set[str]:
    """List the images of a Compose file."""
    return {body["image"] for body in yaml.safe_load(file.read_text(encoding="utf-8"))["services"].values()}


def rows(estate: Estate) -> dict[str, str]:
    """Count the rows that must outlive the change."""
    tables = ("requisition.records", "stockmanagement.records", "requisition.bulk")
    return {table: estate.psql(f"SELECT count(*) FROM {table}")[0] for table in tables}


def new_versions(estate: Estate) -> int:
    """Count the services that answer with the version of the new release."""
    found = 0
    for consul, version in SERVICES.values():
        with suppress(requests.RequestException, ValueError, KeyError):
            found += requests.get(f"{estate.url}/{consul}", timeout=10).json()["version"] == version
    return found


def wait_until_settled(prober: Prober) -> None:
    """Return when every route has been served for a while, or after the limit."""
    end = time.monotonic() + GIVE_UP_S
    while time.monotonic() < end and not prober.settled(for_s=SETTLED_S):
        time.sleep(0.2)


def report(found: list[Figures]) -> str:
    """Write the figures as a table, ratios against the tool last."""
    base = next((one.outage.total_s for one in found if one.way.letter == "c"), 0.0)
    lines = [
        (
            one.way.letter,
            one.way.title,
            f"{one.outage.total_s:.1f}",
            f"{one.outage.longest_s:.1f}",
            f"{one.wall_s:.1f}",
            f"{one.outage.total_s / base:.2f}" if base else "-",
            f"{one.new}/{len(SERVICES)}"
            + ("" if one.outage.recovered else f", not all served {GIVE_UP_S:.0f} s later"),
            "yes" if one.rows_kept else "NO",
        )
        for one in found
    ]
    headers = ("", "way", "outage s", "longest s", "wall time s", "outage : (c)", "new versions", "rows kept")
    return tabulate(lines, headers=headers, disable_numparse=True)


def main(letters: list[str]) -> int:
    """Measure the ways named, all by default."""
    registry = ensure_fleet(say=print).registry
    found = []
    try:
        for way in WAYS:
            if not letters or way.letter in letters:
                print(f"({way.letter}) {way.title} …", flush=True)
                found.append(measure(way, registry))
                print(f"    outage {found[-1].outage.total_s:.1f} s {found[-1].outage.statuses}", flush=True)
    finally:
        remove_project(PROJECT)
    print("\n" + report(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
