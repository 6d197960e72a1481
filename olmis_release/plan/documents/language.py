"""One language: its catalogue, its dates, and what the planner said in English said anew."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from olmis_release.instance.config import Language
from olmis_release.plan.documents.labels import LABELS
from olmis_release.plan.documents.sentences import recognise
from olmis_release.plan.windows import Span
from olmis_release.text import minutes

_LOCALES = {Language.ENGLISH: "en", Language.FRENCH: "fr", Language.PORTUGUESE: "pt_PT"}
"""Portuguese is that of Angola and Mozambique, which write dates as in Portugal."""


@cache
def catalogue(language: Language) -> NullTranslations:
    """Return the translations of a language, compiled from its catalogue; English needs none."""
    if language is Language.ENGLISH:
        return NullTranslations()
    text = (files("olmis_release.plan.documents") / "locale" / f"{language}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(text), locale=str(language)))
    compiled.seek(0)
    return Translations(compiled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """A language, and the zones in which a plan's times are said; the first is the instance's own."""

    language: Language
    zones: tuple[str, ...] = ("UTC",)

    def say(self, message: str) -> str:
        """Return a message in this language; its ``%(name)s`` are still open."""
        return catalogue(self.language).gettext(message)

    def label(self, word: str) -> str:
        """Return a name out of the plan's data as a reader says it."""
        return self.say(LABELS[word]) if word in LABELS else word

    def anew(self, text: str) -> str | None:
        """Return what the planner said, in this language; None where it is no sentence of the planner's."""
        if self.language is Language.ENGLISH:
            return text
        found = recognise(text)
        return None if found is None else " ".join(self.say(sentence) % values for sentence, values in found)

    def duration(self, seconds: float) -> str:
        """Return a duration; its units are the same in all three languages."""
        said = minutes(seconds)
        return said if self.language is Language.ENGLISH else said.replace(".", ",")

    def moment(self, moment: datetime) -> str:
        """Return a moment in every zone, and in UTC."""
        first, *others = self.zones
        local = moment.astimezone(ZoneInfo(first))
        further = [self._elsewhere(moment, zone, local) for zone in others]
        day = self._day(local)
        return (
            f"{day} {local:%H:%M} {self._name(local)} ({', '.join([*further, f'{moment.astimezone(UTC):%H:%M} UTC'])})"
        )

    def clock_time(self, moment: datetime) -> str:
        """Return the hour in the instance's own zone."""
        return f"{moment.astimezone(ZoneInfo(self.zones[0])):%H:%M}"

    def span(self, span: Span) -> Iterator[str]:
        """Yield when something begins and ends: in every zone a line, the last with UTC."""
        for zone in (*self.zones, "UTC"):
            yield self._span_in(span, ZoneInfo(zone))

    def _span_in(self, span: Span, zone: ZoneInfo) -> str:
        start, end = span.start.astimezone(zone), span.end.astimezone(zone)
        short = end - start < timedelta(hours=24)
        until = f"{end:%H:%M}" if short else f"{self._day(end)} {end:%H:%M}"
        return f"{self._day(start)} {start:%H:%M}–{until} {self._name(start)}"

    def _day(self, moment: datetime) -> str:
        pattern = "EEE d MMM y" if self.language is Language.ENGLISH else "full"
        return format_date(moment, pattern, locale=_LOCALES[self.language])

    def _elsewhere(self, moment: datetime, zone: str, first: datetime) -> str:
        local = moment.astimezone(ZoneInfo(zone))
        day = f"{self._day(local)} " if local.date() != first.date() else ""
        return f"{day}{local:%H:%M} {self._name(local)}"

    def _name(self, moment: datetime) -> str:
        """Return the short name of a zone, for a country with several also the place: ``Lubumbashi (CAT)``."""
        zone = moment.tzinfo
        named = len(self.zones) > 1 and isinstance(zone, ZoneInfo) and "/" in zone.key
        place = zone.key.rpartition("/")[2].replace("_", " ") if named and isinstance(zone, ZoneInfo) else ""
        return f"{place} ({moment:%Z})" if place else f"{moment:%Z}"


def tongue(language: Language, zones: Sequence[str]) -> Tongue:
    """Return a language with the zones of a plan, each once."""
    return Tongue(language=language, zones=tuple(dict.fromkeys(zones)))
