"""The demo: ``python -m lab.demo run`` tells the story, ``up`` makes only the estate, ``clean`` removes all of it."""

from __future__ import annotations

import os
import shutil
import sys

import docker

from lab.estate import BIN, ROOT, Estate, Wishes, free_port, is_free, make_estate, remove_project
from lab.fleet import ensure_fleet, remove_fleet
from lab.narrator import UnexpectedEndError, chapter, say, typed
from lab.story import tell

FOLDER = ROOT / "build" / "demo"
PROJECT = "olmis-demo-uat"
PORT = 8480
FIRST = "3.4.1+mw1"
BOOT_SCALE = float(os.environ.get("LAB_BOOT_SCALE") or 1.0)

BY_HAND = """
The estate is up: {url} serves {first}. To work in it by hand:

  . build/demo/env                                   the tool on your PATH, build/demo as its workspace
  olmis-release status
  olmis-release candidate 3.5.0+mw1
  olmis-release plan 3.5.0+mw1 --to uat              then read plans/CODE/plan.html in build/demo
  olmis-release preflight uat
  olmis-release deploy uat
  olmis-release candidate 3.5.0+mw2 --set requisition=7.1.1-hotfix.1-drops-column --reason "try a bad one"
  olmis-release deploy uat --release 3.5.0+mw2       rolled back by itself, exit status 9
  olmis-release history uat

More that can go wrong on request: tests/standin/README.md. To remove it all: make demo-clean"""


def up() -> Estate:
    """Make the estate from nothing: what an earlier demo left is removed first."""
    chapter("The lab: registry and stand-in images on this machine")
    fleet = ensure_fleet(say=lambda text: say(f"  {text}"))
    say(f"  registry at {fleet.registry}")
    if old := remove_estate():
        say(f"  an earlier demo was here; removed {', '.join(old)}")
    port = PORT if is_free(PORT) else free_port()
    wishes = Wishes(project=PROJECT, registry=fleet.registry, boot_scale=BOOT_SCALE, port=port)
    estate = make_estate(FOLDER, wishes)
    write_env(estate)
    chapter(f"First deploy: {FIRST} onto an empty host")
    typed(estate, f"olmis-release candidate {FIRST}")
    typed(estate, f"olmis-release plan {FIRST} --to {estate.instance}")
    typed(estate, f"olmis-release deploy {estate.instance}")
    return estate


def write_env(estate: Estate) -> None:
    """Write what a shell needs to work in the estate."""
    lines = [
        "# Read it with `. build/demo/env`: the tool on your PATH, build/demo as its workspace.",
        f'export OLMIS_RELEASE_REPO="{estate.folder}"',
        f'export PATH="{BIN}:$PATH"',
        "",
    ]
    (estate.folder / "env").write_text("\n".join(lines), encoding="utf-8")


def remove_estate() -> list[str]:
    """Remove the demo's project and folder.

    Returns:
        What was removed, for people.
    """
    removed = remove_project(PROJECT)
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
        removed.append("build/demo")
    return removed


def clean() -> None:
    """Remove the estate, the lab's registry and its images."""
    say(f"removed: {', '.join(remove_estate()) or 'no estate was there'}")
    remove_fleet(say)


def main(arguments: list[str]) -> int:
    """Run one of ``run``, ``up`` and ``clean``."""
    try:
        match arguments:
            case ["up"]:
                say(BY_HAND.format(url=up().url, first=FIRST))
            case ["run"]:
                tell(up())
            case ["clean"]:
                clean()
            case _:
                print("usage: python -m lab.demo run|up|clean", file=sys.stderr)
                return 2
    except (UnexpectedEndError, docker.errors.DockerException) as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
