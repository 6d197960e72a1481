"""The sentences that the planner writes into a plan.

A plan is hashed, so what it says is said once, in English; documents in other languages recognise each sentence by its
pattern and say it anew with the same names and figures. A sentence that no pattern knows is shown as it is, marked as
English. ``%(one)s`` stands for any text, ``%(w_one)s`` for a single word.
"""

from __future__ import annotations

import re
from functools import cache

from olmis_release.plan import way_back
from olmis_release.plan.estimates import NOTHING_TO_GO_BACK_TO
from olmis_release.plan.offline import NOBODY_YET, NOT_AT_ALL
from olmis_release.plan.schedule import texts
from olmis_release.plan.upgrade_paths import all_rules

_DATA = (
    way_back.NOTHING_LOST,
    way_back.FIRST_DEPLOY,
    way_back.DATABASE,
    way_back.GIVEN_UP,
    "Nothing. The data stays as it is, and the older release knows every database change that was made.",
    (
        "No entry is lost: the data stays. The database changes of the newer release stay too, unknown to the "
        "older one: %(named)s. What users entered only there is not shown."
    ),
    (
        "Everything entered since %(since)s is taken out. The instance has not been given back to users since "
        "then, so nobody should have entered anything; the present database is kept, closed."
    ),
    (
        "Every entry that users made since %(release)s was opened to them (%(opened)s) is lost to them. The "
        "database goes back to its copy of %(since)s; the present one is kept, closed."
    ),
)
_TIMES = (
    NOBODY_YET,
    NOT_AT_ALL,
    NOTHING_TO_GO_BACK_TO,
    "Users are not shut out; what does not answer meanwhile is: %(components)s.",
    "That is what the last %(count)s runs with this way back took on %(places)s: %(figures)s.",
    "That is what the last 1 run with this way back took on %(places)s: %(figures)s.",
    "%(w_instance)s itself has had none yet.",
    (
        "Not known: no run like this one is on record. Components get %(bound)s to answer; if they do not, the "
        "old release is brought back, which may take as long again."
    ),
    (
        "That is how long users were cut off in the last %(count)s runs that went back on %(places)s, the failed "
        "attempt included: %(figures)s."
    ),
    (
        "That is how long users were cut off in the last 1 run that went back on %(places)s, the failed attempt "
        "included: %(figures)s."
    ),
    (
        "Not known: no run that went back is on record. The old components get %(bound)s to answer; the database "
        "goes back within seconds where it was copied, and in the time of a restore where it was dumped."
    ),
)
_NOTES = (
    way_back.NO_DB_ROLLBACK,
    (
        "The last run did not end well: what runs now is not verified. A deploy over it asks it for proof first, "
        "unless it is told to repair (--repair)."
    ),
    "The last run did not end well: what runs now is not verified, and is not asked for proof.",
    "Settings that changed (values are not shown): %(names)s.",
    "The database could not be read: %(why)s",
    "Older than what runs: %(moves)s.",
    "Their tags can mean something else tomorrow; this plan holds the digests of today: %(images)s.",
    "Not started by olmis-release, so their configuration is not known: %(components)s.",
    "Not part of %(release)s, and to be removed from the project: %(components)s.",
    (
        "The database has changes that these do not know: %(components)s. They start, for Flyway only warns; "
        "whether they work with them is for the smoke tests to show, before users are let in."
    ),
    "Volumes and database schemas of what is removed are kept: %(components)s.",
    (
        "If the database goes back, these replication slots are made anew: %(slots)s. What reads them must "
        "accept a new slot, and what it streamed of the failed release is not taken back."
    ),
    (
        "The database is not empty (schemas %(schemas)s), and a first deploy has no way back for it. Have a "
        "backup before you deploy."
    ),
)
_REASONS = (
    "image %(w_image)s: same tag, other content",
    "image %(w_old)s -> %(w_new)s",
    "release %(w_release)s leaves it out",
    "new in release %(w_release)s",
    "first deploy",
    "none of its containers is there any more",
    "a deploy that failed left its container behind",
    "release %(w_release)s has it, but it has no container",
    "it is not running (%(state)s)",
    "unchanged",
    "its configuration is unknown to olmis-release",
    "Consul loses its registrations",
    "it does not run with the configuration that was deployed last",
    "its extension module %(w_module)s image %(w_image)s: same tag, other content",
    "its extension module %(w_module)s image %(w_old)s -> %(w_new)s",
    "settings file changed",
    "environment %(w_name)s added",
    "environment %(w_name)s removed",
    "environment %(w_name)s changed",
    "labels %(w_name)s added",
    "labels %(w_name)s removed",
    "labels %(w_name)s changed",
    "%(w_key)s added",
    "%(w_key)s removed",
    "%(w_key)s changed",
)
_STEPS = (
    "have %(count)s images on the host",
    "have 1 image on the host",
    "Downloads take long and may fail; nothing is touched until they are complete.",
    "prove that %(w_release)s works",
    "A way back is worth something only if what it leads to works.",
    "set up the front door, closed",
    "Users meet a page that says so until the release has proved itself.",
    "shut users out with a page that says so",
    "The database goes back to an earlier state.",
    "The database changes; no entry may fall between its copy and the new release.",
    "The database changes, and this plan does not take it back: nobody works on it until all is proved.",
    "It must prove itself on a database with changes that it does not know: %(components)s.",
    "Every request passes through or depends on: %(components)s.",
    "Users are shut out now; they are let in once everything is proved.",
    "stop 1 component",
    "stop %(count)s components",
    "Only what changes is stopped; everything else keeps running.",
    "put the database back to where it was",
    "The data is to be restored, not only the release.",
    "copy the database as the way back",
    "dump the database as the way back",
    "take a snapshot of the database as the way back",
    "Database changes: %(components)s.",
    "Whether it changes the database cannot be known beforehand: %(components)s.",
    "The database is closed now; it is kept as it is before anybody is let in again.",
    "Not as a better method would: %(why)s.",
    "start %(count)s components",
    "start %(w_component)s",
    "What services need at their start comes before them.",
    "They create their database tables as they start.",
    "Services migrate their database tables as they start.",
    "wait until all %(count)s components answer",
    "wait until all 1 component answer",
    "Ready means: it runs, and answers through the front door with the version that the release names.",
    "run the smoke tests",
    "If one fails, everything goes back by itself.",
    "accept %(w_release)s",
    "From here on nothing goes back by itself: users' entries come next.",
    "let users in",
    "The release has proved itself.",
)

LONGEST = 4000
"""The planner writes nothing longer; what a country writes is not searched for its sentences."""

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@cache
def every_sentence() -> tuple[str, ...]:
    """Return every sentence, the longest first, so that none is taken for another that it begins with."""
    rules = (rule.text for rule in all_rules())
    every = dict.fromkeys((*_DATA, *_TIMES, *_NOTES, *_REASONS, *_STEPS, *texts(), *rules))
    return tuple(sorted(every, key=lambda one: (-len(_PLACEHOLDER.sub("", one)), one)))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((one, _pattern(one)) for one in every_sentence())


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(sentence)
    pieces = [re.escape(part) if place % 2 == 0 else _group(part) for place, part in enumerate(parts)]
    return re.compile("".join(pieces) + r"(?=\s|\Z)", re.DOTALL)


def _group(name: str) -> str:
    return rf"(?P<{name}>\S+?)" if name.startswith("w_") else rf"(?P<{name}>.+?)"


def recognise(text: str) -> list[tuple[str, dict[str, str]]] | None:
    """Return the sentences that a text is made of, with what stands in their places; None where one is not known."""
    found: list[tuple[str, dict[str, str]]] = []
    if len(text) > LONGEST:
        return None
    rest = text.strip()
    while rest:
        first = next(((one, match) for one, pattern in _patterns() if (match := pattern.match(rest))), None)
        if first is None:
            return None
        sentence, match = first
        found.append((sentence, match.groupdict()))
        rest = rest[match.end() :].strip()
    return found
