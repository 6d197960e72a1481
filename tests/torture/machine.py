"""A Hypothesis state machine over everything that can happen to an instance, with ten invariants after each step.

``python -m tests.torture.machine [--seeds N] [--first SEED] [--steps N] [--bed NAME] [--killable]``. Each seed is one
story; a story that failed is told again by its seed. Nothing is modelled: what holds is asked of the instance itself.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import docker
import psycopg
import requests
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from lab.writers import Writers, verify
from tests.torture.bed import BAD, GOOD, HOME, LOCK_LABEL, SERVICES, Done, Start
from tests.torture.judge import Word, chain_faults, exit_fits, told_secrets, word_of
from tests.torture.look import Picture, Reference, look, rows
from tests.torture.matrix import say, stopped
from tests.torture.matrix_bed import LinedBed, killable_bed, matrix_bed
from tests.torture.matrix_faults import Column, Harm, harm_of
from tests.torture.matrix_points import PLACES, Row, as_spec
from tests.torture.trial import references, secrets_of, share_plans

CLIENTS, PAUSE_S = 6, 0.5
STORIES, STEPS = 20, 10
MOST_TRANSITIONS, MOST_COMMANDS = 41, 6
CALLS = 260
RELEASES = {"good": GOOD, "bad": BAD, "migrates-badly": "3.5.0+small4"}
USAGE = 2
DAMAGED = 16
HISTORIES = ("requisition.schema_version", "auth.schema_version")


@dataclass(slots=True)
class World:
    """The instance and what is known of its story so far.

    Attributes:
        complaints: Which promise was broken, in words.
        told: What was done, for whoever reads a failed story.
    """

    bed: LinedBed
    old: Reference
    new: Reference
    clients: int = CLIENTS
    days: int = 0
    going_back: bool = False
    commands: list[Done] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    highest: int = 0
    plans: dict[str, bytes] = field(default_factory=dict)
    writers: Writers | None = None
    acknowledged: int = 0
    seen: Picture | None = None
    word: Word = Word.OLD

    def begin(self) -> None:
        """Put everything back."""
        self.bed.reset(Start.OLD)
        self.write_anew()
        self.look()

    def write_anew(self) -> None:
        self.writers = Writers(self.bed.estate.url, SERVICES, threads=self.clients, pause_s=PAUSE_S)
        self.writers.__enter__()
        self.writers.wait_for(self.clients)

    def look(self) -> None:
        """See what the instance is in."""
        self.seen = look(self.bed)
        self.word, against = word_of(self.seen, self.old, self.new)
        self.complaints.extend(against)

    @property
    def is_open(self) -> bool:
        """Whether a run has not come to its end."""
        return self.seen is not None and self.seen.lock is not None

    def do(
        self, *arguments: str, second: bool = False, spec: dict[str, Any] | None = None, harm: Harm | None = None
    ) -> Done:
        """Carry a command out, with a fault where it stops itself, and judge how it ended."""
        given = {"days": self.days, **(spec or {})}
        process = self.bed.start(*arguments, spec=given, second=second)
        try:
            if harm and stopped(process):
                harm.do(self.bed)
                process.send_signal(18)
                harm.meanwhile(self.bed)
            out, err = process.communicate(timeout=300)
        finally:
            if process.poll() is None:
                process.kill()
            if harm:
                harm.mend(self.bed)
        done = Done(arguments=arguments, exit_code=process.returncode, out=out, err=err)
        self.commands.append(done)
        where = " (second)" if second else ""
        self.look()
        self.told.append(f"{' '.join(arguments)}{where} {short(given)} -> {done.exit_code}, {self.word}")
        going_back = self.going_back or "--abort" in arguments
        nothing_to_do = done.exit_code == USAGE and not self.is_open and arguments[0] in {"resume", "takeover"}
        if arguments[0] in {"deploy", "resume", "takeover", "rollback"} and not nothing_to_do:
            guarded = self.is_open and done.exit_code != DAMAGED  # of what was tampered with a person comes first
            self.complaints.extend(exit_fits(done, self.word, back_wanted=going_back, is_open=guarded))
        return done

    def plan(self, word: str) -> str | None:
        """Plan a release for what serves now; None when that is refused."""
        done = self.bed.run("plan", RELEASES[word], "--to", self.bed.name, "--json", spec={"days": self.days})
        if done.exit_code:
            self.told.append(f"plan {word} -> {done.exit_code} {done.err[-300:]}")
            return None
        code = str(json.loads(done.out)["code"])
        self.plans[code] = (self.bed.estate.folder / "plans" / code / "plan.json").read_bytes()
        return code

    def settle_writes(self) -> None:
        """Hold what was acknowledged against what is there."""
        if self.writers is None:
            return
        self.writers.__exit__()
        for service, ledger in self.writers.ledgers().items():
            verdict = verify(ledger, rows(self.bed, service))
            self.acknowledged += verdict.acknowledged
            if not verdict.holds:
                lost, doubled = len(verdict.lost), len(verdict.doubled)
                self.complaints.append(f"{service}: of {verdict.acknowledged} rows {lost} lost, {doubled} doubled")
        self.writers = None

    def rest(self) -> None:
        """Follow the Next line until nothing is open."""
        second = False
        for _ in range(MOST_COMMANDS):
            if not self.is_open and self.word is not Word.HELD:
                return
            done = self.bed.run("status", self.bed.name, second=second)
            words = done.next.removeprefix("olmis-release ").split()
            if not words or words[0] not in {"resume", "takeover"}:
                second = not second
                continue
            self.do(*words, second=second)
        self.complaints.append(f"{MOST_COMMANDS} commands did not lead out; the last said {self.commands[-1].next!r}")


def short(spec: dict[str, Any]) -> str:
    """Return a spec in a few words."""
    return json.dumps({key: value for key, value in spec.items() if value}, separators=(",", ":"))[:160]


PLACES_OF_KILLS = [place for row in Row for place in PLACES[row]]
kills = st.one_of(
    st.none(),
    st.sampled_from(PLACES_OF_KILLS).map(lambda place: as_spec([place], kill=True)),
    st.builds(
        lambda call, do: {"fault": {"call": call, "do": do}},
        st.integers(1, CALLS),
        st.sampled_from(["kill-before", "kill-after", "lost", "error"]),
    ),
)


DRAWN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "clock_jump": {"days": st.sampled_from([0, 1, -1])},
    "deploy": {"word": st.sampled_from(list(RELEASES)), "kill": kills},
    "deploy_in_trouble": {
        "word": st.sampled_from(["good", "bad"]),
        "row": st.sampled_from(list(Row)),
        "what": st.sampled_from(["N", "Z", "D"]),
    },
    "tamper_with_plan": {"place": st.integers(0, 100_000)},
    "tamper_with_journal": {"place": st.integers(0, 10_000)},
    "roll_back": {"kill": kills},
    "take_over": {"kill": kills},
    "resume": {"abort": st.booleans(), "kill": kills},
}
"""What each thing that may happen needs to know."""


class Story(RuleBasedStateMachine):
    """What can happen."""

    make: ClassVar[Callable[[], World]]
    worlds: ClassVar[list[World]] = []

    @initialize()
    def begin(self) -> None:
        """Begin with the old release serving."""
        self.world = type(self).make()
        self.worlds.append(self.world)
        self.world.begin()

    @rule(data=st.data())
    def anything(self, data: st.DataObject) -> None:
        """Let something happen: one rule that draws it, for each story shall hold a bit of everything."""
        world = self.world
        quiet, new = not world.is_open, world.word is Word.NEW
        may: dict[str, bool] = {
            "clock_jump": True,
            "deploy": quiet and not new,
            "deploy_in_trouble": quiet and not new,
            "tamper_with_plan": quiet and not new,
            "roll_back": quiet and new,
            "take_over": not quiet,
            "second_operator": not quiet,
            "tamper_with_journal": not quiet,
            "resume": True,
        }
        what = data.draw(st.sampled_from([name for name, possible in may.items() if possible]), label="what")
        act = getattr(self, what)
        act(**{name: data.draw(drawn, label=name) for name, drawn in DRAWN.get(what, {}).items()})

    def clock_jump(self, days: int) -> None:
        """Let this machine's clock be right, or wrong by a day."""
        self.world.days = days
        self.world.told.append(f"the clock is {days:+d} days off")

    def deploy(self, word: str, kill: dict[str, Any] | None) -> None:
        """Deploy a good or a bad release; perhaps the tool dies."""
        code = self.world.plan(word)
        if code:
            self.world.going_back = False
            self.world.do("deploy", self.world.bed.name, "--plan", code, spec=self._traced(kill))

    def deploy_in_trouble(self, word: str, row: Row, what: str) -> None:
        """Deploy while the line is cut, the engine is killed and comes back, or the database's disk is full."""
        bed = self.world.bed
        if what == "D" and bed.lines.second is None:
            what = "N"
        code = self.world.plan(word)
        harm = harm_of(Column(what), Row.POINT if what == "Z" else row)
        if code:
            self.world.going_back = False
            spec = as_spec([PLACES[row][0]])
            self.world.do("deploy", bed.name, "--plan", code, spec=spec, harm=harm)
            if what == "D":
                bed.start_all()
                self.world.complaints.clear()
                self.world.look()

    def roll_back(self, kill: dict[str, Any] | None) -> None:
        """Go back, giving up what was written since."""
        self.world.settle_writes()
        self.world.going_back = True
        name = self.world.bed.name
        self.world.write_anew()
        self.world.do("rollback", name, "--data", "restore", "--confirm", name, spec=self._traced(kill))

    def resume(self, abort: bool, kill: dict[str, Any] | None) -> None:
        """Go on, or back; perhaps the tool dies again."""
        words = ("resume", self.world.bed.name, *(["--abort"] if abort else []))
        self.world.do(*words, spec=self._traced(kill))

    def take_over(self, kill: dict[str, Any] | None) -> None:
        """Let another operator take the instance over."""
        share_plans(self.world.bed)
        self.world.do("takeover", self.world.bed.name, second=True, spec=self._traced(kill))

    def second_operator(self) -> None:
        """Let another operator deploy over an open run: refused, and nothing moves."""
        share_plans(self.world.bed)
        before, bed = self.world.word, self.world.bed
        done = self.world.do("deploy", bed.name, "--plan", bed.plans["good"], second=True)
        if done.exit_code not in {5, 8, 10} or self.world.word is not before:
            self.world.complaints.append(f"a second operator got {done.exit_code}, {before} > {self.world.word}")

    def tamper_with_journal(self, place: int) -> None:
        """Change one byte inside the open run's journal: it is refused, and what was there is put back."""
        journals = sorted((self.world.bed.estate.folder / ".olmis-release").rglob("journal.jsonl"))
        lines = journals[-1].read_bytes().splitlines(keepends=True) if journals else []
        if len(lines) < 2:
            return
        whole, inside = journals[-1].read_bytes(), sum(map(len, lines[:-1])) - 2
        at = place % inside
        journals[-1].write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        before = self.world.word
        done = self.world.do("resume", self.world.bed.name)
        if self.world.word is not before or done.exit_code == 0:
            self.world.complaints.append(f"on a changed journal: exit {done.exit_code}, {before} > {self.world.word}")
        journals[-1].write_bytes(whole)

    def tamper_with_plan(self, place: int) -> None:
        """Change one byte of a plan: it is refused before anything is touched."""
        code = self.world.plan("good")
        if code is None:
            return
        path = self.world.bed.estate.folder / "plans" / code / "plan.json"
        whole = path.read_bytes()
        at = place % len(whole)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        done = self.world.do("deploy", self.world.bed.name, "--plan", code)
        if done.exit_code == 0 or self.world.word is not Word.OLD:
            self.world.complaints.append(f"a changed plan was carried out: exit {done.exit_code}, {self.world.word}")
        path.write_bytes(whole)

    @invariant()
    def ten_promises(self) -> None:
        """Ask whether each of the ten promises holds."""
        world = getattr(self, "world", None)
        if world is None or world.seen is None:
            return
        broken = [*world.complaints, *promises(world)]
        if broken:
            self._tell(world, broken)

    def _tell(self, world: World, broken: list[str]) -> None:
        story = "\n  ".join(world.told)
        last = world.commands[-1] if world.commands else None
        said = f"{last.out[-1500:]}\n{last.err[-1500:]}" if last else ""
        world.complaints.clear()
        raise AssertionError(f"{'; '.join(broken)}\n  {story}\n{said}")

    def _traced(self, kill: dict[str, Any] | None) -> dict[str, Any]:
        trace = self.world.bed.home / "trace-machine"
        trace.unlink(missing_ok=True)
        return {**(kill or {}), "trace": str(trace)}

    def teardown(self) -> None:
        """Lead out: the end is old or new, nothing stands open, nothing acknowledged is lost."""
        world = getattr(self, "world", None)
        if world is None:
            return
        world.days = 0
        failing = sys.exc_info()[0] is not None
        try:
            if not failing:
                world.rest()
        finally:
            world.settle_writes()
        if not failing and (broken := [*world.complaints, *promises(world)]):
            self._tell(world, broken)


def promises(world: World) -> list[str]:
    """Return which of the ten are broken (1 and 9 are judged after each command)."""
    return [*_locks(world), *_copy_first(world), *_journals(world), *_plans(world), *_secrets(world), *_served(world)]


def _locks(world: World) -> list[str]:
    """(2) At most one holder, and epochs grow."""
    filters: Any = {"label": [f"{LOCK_LABEL}={world.bed.name}"]}
    locks = [one for one in docker.from_env().containers.list(filters=filters) if "-broken-" not in str(one.name)]
    with world.bed.connect() as connection:
        row = connection.execute("SELECT coalesce(max(epoch), 0) FROM olmis_release.ledger").fetchone()
    epoch = int(row[0]) if row else 0
    told = [f"{len(locks)} locks stand"] if len(locks) > 1 else []
    if epoch < world.highest:
        told.append(f"the epoch fell from {world.highest} to {epoch}")
    world.highest = max(world.highest, epoch)
    return told


def _copy_first(world: World) -> list[str]:
    """(3) Where the database was migrated there is a whole copy of before."""
    seen = world.seen
    if seen is None or not seen.database:
        return []
    tables = seen.database["tables"]
    moved = any(tables.get(name) != world.old.database["tables"].get(name) for name in HISTORIES)
    copies = [name for name, told in seen.databases.items() if "state=ready" in told or "state=accepted" in told]
    return ["the database was migrated, and there is no copy of before"] if moved and not copies else []


def _journals(world: World) -> list[str]:
    """(4) Journals are unbroken chains, (8) of at most forty begun steps, one more where that is found out."""
    told = []
    for folder in (world.bed.estate.folder, world.bed.second):
        for journal in (folder / ".olmis-release").rglob("journal.jsonl"):
            told += list(chain_faults(journal))
            begun = sum(b'intent"' in line for line in journal.read_bytes().splitlines())
            told += [f"{begun} steps were begun in {journal.parent.name}"] if begun > MOST_TRANSITIONS else []
    return told


def _plans(world: World) -> list[str]:
    """(5) What was carried out is what was planned, byte for byte."""
    paths = {code: world.bed.estate.folder / "plans" / code / "plan.json" for code in world.plans}
    return [f"plan {code} was changed" for code, path in paths.items() if path.read_bytes() != world.plans[code]]


def _secrets(world: World) -> list[str]:
    """(7) No secret in any output, journal or record."""
    texts = {f"output {number}": done.out + done.err for number, done in enumerate(world.commands)}
    for folder in (world.bed.estate.folder, world.bed.second):
        for path in (folder / ".olmis-release").rglob("*"):
            if path.is_file() and path.parent.name != "settings":
                texts[str(path)] = path.read_text(encoding="utf-8", errors="replace")
    return list(told_secrets(secrets_of(world.bed), texts))


def _served(world: World) -> list[str]:
    """(10) Users meet the new release only once it was accepted."""
    with suppress(requests.RequestException, ValueError, KeyError, psycopg.Error):
        answer = requests.get(f"{world.bed.estate.url}/requisition", timeout=5)
        if answer.status_code != 200 or answer.json()["version"] == world.old.versions["requisition"]:
            return []
        with world.bed.connect() as connection:
            found = connection.execute(
                "SELECT state FROM olmis_release.ledger WHERE run = (SELECT run FROM olmis_release.ledger"
                " ORDER BY epoch DESC LIMIT 1)"
            ).fetchall()
        if {row[0] for row in found} <= {"begun"}:
            return ["users meet a new release that was not accepted"]
    return []


def told_once(bed: LinedBed, seen: Any, number: int, *, steps: int) -> dict[str, Any]:
    """Tell the story of a seed; return its result as plain values."""
    began = time.monotonic()
    worlds: list[World] = []

    class Seeded(Story):
        make = staticmethod(lambda: World(bed=bed, old=seen[Start.OLD], new=seen[Start.NEW]))

    Seeded.worlds = worlds
    wishes = settings(
        max_examples=2,
        stateful_step_count=steps + 1,
        phases=(Phase.generate,),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    complaints = []
    try:
        run_state_machine_as_test(seed(number)(Seeded), settings=wishes, _min_steps=steps + 1)
    except AssertionError as error:
        complaints = [str(error)]
    except Exception as error:  # noqa: BLE001 - a story that broke failed; the next one must still be told
        complaints = [f"the story broke: {type(error).__name__}: {error}"]
    told = worlds[-1].told if worlds else []
    return {
        "case": f"machine/{number}",
        "group": "machine",
        "passed": not complaints,
        "words": [str(one.word) for one in worlds],
        "complaints": complaints,
        "steps": sum(len(one.told) for one in worlds),
        "commands": told,
        "acknowledged": sum(one.acknowledged for one in worlds),
        "took_s": round(time.monotonic() - began, 1),
    }


def tell(bed: LinedBed, seeds: Iterable[int], *, steps: int, path: Path) -> list[dict[str, Any]]:
    """Tell stories one by one, and how they go."""
    seen = references(bed)
    found = []
    for number in seeds:
        result = told_once(bed, seen, number, steps=steps)
        found.append(result)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        verdict = "ok" if result["passed"] else "FAILED: " + result["complaints"][0][:1500]
        say(f"machine/{number}: {result['steps']} steps, {result['took_s']:.0f} s: {verdict}")
    return found


def torture(seeds: Iterable[int], name: str, *, steps: int = STEPS, killable: bool = False) -> int:
    """Tell the stories of seeds; return an exit status.

    Args:
        seeds: Which.
        name: Of the instance.
        steps: Of each story.
        killable: On an engine of its own, which is killed too.
    """
    HOME.mkdir(parents=True, exist_ok=True)
    with (killable_bed if killable else matrix_bed)(name) as bed:
        found = tell(bed, seeds, steps=steps, path=HOME / f"results-{name}.jsonl")
    passed = sum(one["passed"] for one in found)
    taken, acknowledged = sum(one["steps"] for one in found), sum(one["acknowledged"] for one in found)
    say(f"{passed} of {len(found)} stories, {taken} steps, {acknowledged} writes acknowledged")
    return 0 if passed == len(found) else 1


def main() -> int:
    """Run it; the exit status is 1 when a story failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.machine", description=__doc__)
    parser.add_argument("--seeds", type=int, default=STORIES, help="how many stories")
    parser.add_argument("--first", type=int, default=1, help="seed of the first one")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of a story")
    parser.add_argument("--bed", default="machine", help="name of the instance")
    parser.add_argument("--killable", action="store_true", help="on an engine of its own, which is killed too")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    return torture(seeds, options.bed, steps=options.steps, killable=options.killable)


if __name__ == "__main__":
    sys.exit(main())
