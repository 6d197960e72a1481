"""The story of the demo: a good release, a bad one that is taken back by itself, and not one acknowledged row lost."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from lab.estate import Estate
from lab.narrator import Told, UnexpectedEndError, chapter, say, typed
from lab.probe import Outage, Prober
from lab.writers import Verdict, Writers, verify

GOOD = "3.5.0+mw1"
BAD = "3.5.0+mw2"
BAD_PIN = "requisition=7.1.1-hotfix.1-drops-column"
#: Services that clients write to; each has a schema of its name. The bad release replaces only the first.
WRITTEN_TO = ("requisition", "stockmanagement", "hapifhir")
PROBED = ("/", "/auth", "/referencedata", "/requisition", "/stockmanagement")
BEFORE_ROWS, AFTER_ROWS = 100, 100
STEADY_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One deploy while users worked.

    Attributes:
        verdicts: Per service, what became of the rows that were acknowledged meanwhile.
        outage: How long users were cut off, measured from outside.
    """

    release: str
    told: Told
    verdicts: dict[str, Verdict]
    outage: Outage

    @property
    def lost(self) -> int:
        """How many promises were broken."""
        return sum(len(verdict.lost) + len(verdict.doubled) for verdict in self.verdicts.values())


def tell(estate: Estate) -> None:
    """Tell it all; the instance stays up.

    Raises:
        UnexpectedEndError: Something went otherwise than told.
    """
    chapter("What runs now")
    typed(estate, f"olmis-release status {estate.instance}")
    chapter(f"The next release: Core 3.5.0 with the Malawi extension becomes {GOOD}")
    typed(estate, f"olmis-release candidate {GOOD}")
    typed(estate, f"olmis-release plan {GOOD} --to {estate.instance}")
    say(f"\nThe plan for reviewers, one HTML file: {newest_page(estate)}")
    typed(estate, f"olmis-release preflight {estate.instance}")
    chapter("Deploy, while four clients write without pause")
    good = act(estate, GOOD, f"olmis-release deploy {estate.instance}", expect=0)
    chapter(f"A bad release: {BAD} drops a column that is in use, and so fails its smoke test")
    typed(estate, f'olmis-release candidate {BAD} --set {BAD_PIN} --reason "MW-900"')
    typed(estate, f"olmis-release plan {BAD} --to {estate.instance}")
    bad = act(estate, BAD, f"olmis-release deploy {estate.instance}", expect=9)
    chapter("What runs now, and what happened")
    typed(estate, f"olmis-release status {estate.instance}")
    typed(estate, f"olmis-release history {estate.instance}")
    summarize(estate, [good, bad])


def act(estate: Estate, release: str, command: str, *, expect: int) -> Act:
    """Deploy while clients write and probes measure, then hold every promise against the database."""
    with Prober(estate.url, PROBED) as prober, Writers(estate.url, WRITTEN_TO, threads=4) as writers:
        writers.wait_for(BEFORE_ROWS)
        told = typed(estate, command, expect=expect)
        writers.wait_for(AFTER_ROWS)
        time.sleep(STEADY_S)
    verdicts = {service: verify(ledger, estate.rows(service)) for service, ledger in writers.ledgers().items()}
    done = Act(release=release, told=told, verdicts=verdicts, outage=prober.outage())
    say(
        f"\nUsers were cut off for {done.outage.total_s:.1f} s in all (longest stretch {done.outage.longest_s:.1f} s), "
        f"measured from outside every 50 ms."
        "\n30 s of it the tool waits to see that nothing dies soon after its start (timeouts.steady_s in the instance "
        "file);\na JVM boots longer than that, the stand-ins boot in three seconds."
    )
    show_rows(verdicts)
    return done


def show_rows(verdicts: dict[str, Verdict]) -> None:
    """Show what became of the rows that were promised."""
    rows = [
        (service, verdict.acknowledged, len(verdict.lost), len(verdict.doubled), verdict.kept_in_doubt)
        for service, verdict in verdicts.items()
    ]
    headers = ("written to", "acknowledged", "lost", "there twice", "in doubt, kept")
    say("\n" + tabulate(rows, headers=headers))


def newest_page(estate: Estate) -> Path:
    """Find the HTML page of the newest plan."""
    return max(estate.folder.glob("plans/*/plan.html"), key=lambda page: page.stat().st_mtime)


def summarize(estate: Estate, acts: list[Act]) -> None:
    """End the story with what counts.

    Raises:
        UnexpectedEndError: A promise was broken.
    """
    chapter("The story in short")
    runs = json.loads(estate.tool("history", estate.instance, "--json").stdout)["runs"]
    told = {run["release"]: run for run in runs}
    rows = [summary_row(one, told[one.release]["outcome"]) for one in acts]
    headers = ("release", "outcome", "exit", "users cut off", "rows acknowledged", "lost or doubled")
    say(tabulate(rows, headers=headers))
    lost = sum(one.lost for one in acts)
    if lost:
        raise UnexpectedEndError(f"{lost} acknowledged rows are lost or doubled.")
    say(
        f"\n{GOOD} was deployed and serves at {estate.url}."
        f"\n{BAD} migrated the database, failed its smoke test and was rolled back by itself, database included."
        f"\nEvery row that was acknowledged meanwhile is there, exactly once."
        f"\n\nTo look at:  {newest_page(estate)}\n             {estate.url}"
        "\nBy hand:     . build/demo/env && olmis-release status       Remove it all: make demo-clean"
    )


def summary_row(one: Act, outcome: str) -> tuple[str, str, int, str, int, int]:
    """Give one act's line."""
    acknowledged = sum(verdict.acknowledged for verdict in one.verdicts.values())
    return (one.release, outcome, one.told.exit_code, f"{one.outage.total_s:.1f} s", acknowledged, one.lost)
