"""Twenty clients write without pause through everything that may happen in a row; what was promised is there, once.

``python -m tests.torture.machine_writers [--bed NAME] [--rounds N]``: a deploy that goes back, one that is killed and
taken back, one that is killed and taken over by another operator, one that is killed and resumed, a good one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from tests.torture.bed import HOME, Start
from tests.torture.judge import Word
from tests.torture.machine import World, promises
from tests.torture.matrix import say
from tests.torture.matrix_bed import LinedBed, matrix_bed
from tests.torture.matrix_points import PLACES, Row, as_spec
from tests.torture.trial import references, share_plans

CLIENTS, ROUNDS = 20, 3


def told(bed: LinedBed, seen: Any, number: int) -> dict[str, Any]:
    """Go through it all once; return the result as plain values."""
    began = time.monotonic()
    world = World(bed=bed, old=seen[Start.OLD], new=seen[Start.NEW], clients=CLIENTS)
    try:
        world.begin()
        _all_in_a_row(world)
        world.rest()
        assert world.writers is not None
        world.writers.wait_for(CLIENTS)
        world.complaints += promises(world)
    except Exception as error:  # noqa: BLE001 - one that broke failed
        world.complaints.append(f"it broke: {type(error).__name__}: {error}")
    finally:
        world.settle_writes()
    return {
        "case": f"writers/{number}",
        "group": "writers",
        "passed": not world.complaints,
        "words": [str(world.word)],
        "complaints": [*world.complaints, *(world.told if world.complaints else [])],
        "commands": world.told,
        "acknowledged": world.acknowledged,
        "took_s": round(time.monotonic() - began, 1),
    }


def _all_in_a_row(world: World) -> None:
    name = world.bed.name
    _deploy(world, "bad")
    _expect(world, Word.OLD)
    _deploy(world, "good", kill=Row.READY)
    world.do("resume", name, "--abort")
    _expect(world, Word.OLD)
    _deploy(world, "bad", kill=Row.START)
    share_plans(world.bed)
    world.do("takeover", name, second=True)
    _expect(world, Word.OLD)
    world.rest()
    _settle_first(world)
    _deploy(world, "migrates-badly", kill=Row.SWAP)
    world.do("resume", name)
    _expect(world, Word.OLD)
    _deploy(world, "good", kill=Row.ACCEPT)
    world.do("resume", name)
    _expect(world, Word.NEW)


def _settle_first(world: World) -> None:
    """Let the first workspace learn what became of its run: the command on its Next line."""
    done = world.bed.run("status", world.bed.name)
    words = done.next.removeprefix("olmis-release ").split()
    if words and words[0] in {"resume", "takeover"}:
        world.do(*words)


def _deploy(world: World, word: str, *, kill: Row | None = None) -> None:
    code = world.plan(word)
    if code is None:
        raise RuntimeError(f"{word} cannot be planned: {world.told[-1]}")
    spec = as_spec([PLACES[kill][0]], kill=True) if kill else {}
    world.do("deploy", world.bed.name, "--plan", code, spec=spec)


def _expect(world: World, word: Word) -> None:
    if world.word is not word:
        world.complaints.append(f"it is {world.word}, not {word}, after {world.told[-1]}")


def torture(rounds: int, name: str) -> int:
    """Go through it so many times; return an exit status."""
    HOME.mkdir(parents=True, exist_ok=True)
    found = []
    with matrix_bed(name) as bed, (HOME / f"results-{name}.jsonl").open("a", encoding="utf-8") as file:
        seen = references(bed)
        for number in range(1, rounds + 1):
            result = told(bed, seen, number)
            found.append(result)
            file.write(json.dumps(result) + "\n")
            verdict = "ok" if result["passed"] else "FAILED: " + "; ".join(result["complaints"])[:1500]
            say(f"writers/{number}: {result['took_s']:.0f} s, {result['acknowledged']} writes acknowledged: {verdict}")
    total = sum(one["acknowledged"] for one in found)
    say(f"{sum(one['passed'] for one in found)} of {len(found)} rounds, {total} writes acknowledged")
    return 0 if all(one["passed"] for one in found) else 1


def main() -> int:
    """Run it; the exit status is 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.machine_writers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--bed", default="machine", help="name of the instance")
    options = parser.parse_args()
    return torture(options.rounds, options.bed)


if __name__ == "__main__":
    sys.exit(main())
