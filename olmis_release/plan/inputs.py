"""What only people know of a release: why, what users will notice, who does what, when to go back.

The code of a plan is the hash of its content, so these must be there before the plan is: they are written into a file
of any name (`plan --inputs-template` prints one to fill in) and handed over with `plan --inputs FILE`. The plan holds
them, and its folder keeps the file as ``inputs.yml``.

A field that is left empty was not given; ``none`` says that there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from olmis_release.instance.config import Language
from olmis_release.manifest.emergency import Impact, Route, Urgency
from olmis_release.manifest.model import Strict

NONE = "none"


def _is_none(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() == NONE


def _text(value: Any) -> Any:
    if _is_none(value):
        return NONE
    return None if isinstance(value, str) and not value.strip() else value


def _words(value: Any) -> Any:
    """Return a list; ``none`` is an empty one, a single text a list of one."""
    if _is_none(value):
        return ()
    value = _text(value)
    return (value,) if isinstance(value, str) else value


def _spoken(value: Any) -> Any:
    """Return texts by language; ``none`` is an empty mapping, an empty text was not given."""
    if _is_none(value):
        return {}
    if not isinstance(value, Mapping):
        return _text(value)
    return {key: text for key, text in value.items() if text is not None and str(text).strip()}


Text = Annotated[str | None, BeforeValidator(_text)]
Words = Annotated[tuple[str, ...] | None, BeforeValidator(_words)]
Spoken = Annotated[dict[Language, str] | None, BeforeValidator(_spoken)]


class Duty(StrEnum):
    """Who owns a row of the schedule."""

    RELEASE_MANAGER = "release-manager"
    PRODUCT_OWNER = "product-owner"
    TESTER = "tester"
    SUPPORT_LEAD = "support-lead"


class Person(Strict):
    """Who does it, and who if that one cannot."""

    name: Text = None
    deputy: Text = None


People = Annotated[dict[Duty, Person], BeforeValidator(lambda value: {} if value is None else value)]


class Supporter(Strict):
    """Whom users and operators ask.

    Attributes:
        tier: 1 helpdesk, 2 ministry, 3 implementer, 4 OpenLMIS Core.
        hours: When they answer, with the zone.
        escalate_after_min: Minutes without an answer after which the next tier is asked.
    """

    tier: Annotated[int, Field(ge=1, le=4)]
    name: str
    phone: str = ""
    whatsapp: str = ""
    email: str = ""
    language: str = ""
    hours: str = ""
    escalate_after_min: Annotated[int, Field(gt=0)] | None = None


class Inputs(Strict):
    """What people give to a plan; see `PURPOSES` for what each field is for."""

    reason: Text = None
    impact: Impact | None = None
    impact_reason: Text = None
    urgency: Urgency | None = None
    urgency_reason: Text = None
    users_notice: Spoken = None
    user_changes: Spoken = None
    training: Text = None
    out_of_scope: Words = None
    risks: Words = None
    assumptions: Words = None
    people: People = Field(default_factory=dict)
    testing: Words = None
    accepted_defects: Words = None
    go_no_go: Words = None
    rollback_triggers: Words = None
    rollback_authority: Text = None
    support: Annotated[tuple[Supporter, ...] | None, BeforeValidator(_words)] = None
    notices: Words = None
    translator: Spoken = None
    tickets: Words = None


PURPOSES: Mapping[str, str] = {
    "reason": "why this release is needed, in a sentence or two",
    "impact": "how many are concerned: extensive, significant, moderate or minor (or --impact)",
    "impact_reason": "why the impact is scored so",
    "urgency": "how much it impedes work: critical, high, medium or low (or --urgency)",
    "urgency_reason": "why the urgency is scored so",
    "users_notice": "what users will notice on the day, in plain words",
    "user_changes": "what works differently for users afterwards",
    "training": "what users must be taught, by whom and when",
    "out_of_scope": "what readers might expect of this release and will not find",
    "risks": "what may go wrong, and what is done about it",
    "assumptions": "what must be true on the day for the plan to hold: people, link, other work",
    "people": "who does it, and who if that one cannot",
    "testing": "what was tested, by whom, when, with which result",
    "accepted_defects": "known defects that are accepted, and by whom",
    "go_no_go": "measurable conditions under which it goes ahead",
    "rollback_triggers": "what is seen that makes you go back",
    "rollback_authority": "who decides to go back, by name",
    "support": "whom users ask: tier, name, phone, WhatsApp, mail, language, hours (or contacts with a tier in the "
    "instance file)",
    "notices": "who is told what, how and when: audience, language, channel, moment",
    "translator": "who read the texts in this language and signed them off",
}
"""Field to what it is for, in the order of the document."""

BOTH_DUTIES = (Duty.RELEASE_MANAGER, Duty.PRODUCT_OWNER)
NEEDED: Mapping[Route, tuple[str, ...]] = {
    Route.STANDARD: tuple(PURPOSES),
    Route.EMERGENCY: (
        "reason",
        "impact",
        "impact_reason",
        "urgency",
        "urgency_reason",
        "users_notice",
        "risks",
        "people",
        "rollback_triggers",
        "rollback_authority",
        "support",
        "translator",
    ),
}
"""What each route asks for; an emergency is told and agreed on in an hour."""

DUTIES: Mapping[Route, tuple[Duty, ...]] = {Route.STANDARD: tuple(Duty), Route.EMERGENCY: BOTH_DUTIES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A field that was not given.

    Attributes:
        path: Its keys in the file.
        purpose: What it is for.
    """

    path: tuple[str, ...]
    purpose: str

    @property
    def key(self) -> str:
        """The field as people name it."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an instance asks for.

    Attributes:
        languages: Of its documents; words for users are needed in each.
        elsewhere: Fields that are given elsewhere: on the command line, by the patch, in the instance file.
    """

    route: Route
    languages: tuple[Language, ...]
    elsewhere: frozenset[str] = frozenset()


def missing(inputs: Inputs, asked: Asked) -> Iterator[Missing]:
    """Yield every field that is needed and was neither given nor said to be none."""
    for key in NEEDED[asked.route]:
        if key not in asked.elsewhere:
            yield from (Missing(path=path, purpose=PURPOSES[key]) for path in _open(inputs, key, asked))


def _open(inputs: Inputs, key: str, asked: Asked) -> Iterator[tuple[str, ...]]:
    value = getattr(inputs, key)
    if key == "people":
        yield from _open_duties(inputs.people, DUTIES[asked.route])
    elif key in {"users_notice", "user_changes"}:
        yield from _open_languages(key, value, asked.languages)
    elif key == "translator":
        translated = (one for one in asked.languages if one is not Language.ENGLISH)
        yield from _open_languages(key, value, translated)
    elif value is None:
        yield (key,)


def _open_duties(people: Mapping[Duty, Person], duties: Iterable[Duty]) -> Iterator[tuple[str, ...]]:
    for duty in duties:
        person = people.get(duty, Person())
        if person.name is None:
            yield "people", duty, "name"
        if person.deputy is None:
            yield "people", duty, "deputy"


def _open_languages(
    key: str, given: Mapping[Language, str] | None, languages: Iterable[Language]
) -> Iterator[tuple[str, ...]]:
    if given is None or given:  # an empty mapping says: none
        yield from ((key, language) for language in languages if language not in (given or {}))
