"""The documents in three languages: nothing is missing, and nothing that identifies is translated."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from babel.messages.pofile import read_po

from olmis_release.instance.config import Language
from olmis_release.manifest.emergency import Impact, Route, Urgency
from olmis_release.plan.assessment import assess
from olmis_release.plan.documents import documents_of, render_html, render_markdown
from olmis_release.plan.documents.language import tongue
from olmis_release.plan.documents.sentences import every_sentence, recognise
from olmis_release.plan.inputs import Inputs
from olmis_release.plan.model import Plan
from olmis_release.plan.schedule import Course, make_schedule
from olmis_release.plan.upgrade_paths import rules_between
from olmis_release.plan.windows import Span
from olmis_release.yamlio import parse_yaml, read_model
from tests.fakes.inputs import STANDARD
from tests.fakes.messages import every_message
from tests.unit.plan.test_documents import CODE, HASH, an_upgrade

TRANSLATED = (Language.FRENCH, Language.PORTUGUESE)
PLACEHOLDER = re.compile(r"%\(\w+\)s")
START = datetime(2026, 11, 28, 18, tzinfo=UTC)


def a_signed_plan() -> Plan:
    """Return a plan with everything that a ministry is shown."""
    window = Span(start=START, end=START + timedelta(hours=2))
    inputs = read_model(Inputs, parse_yaml(STANDARD.encode(), shown_as="inputs.yml"))
    course = Course(
        window=window,
        route=Route.STANDARD,
        people=inputs.people,
        offline_s=1860.0,
        rollback_s=1020.0,
        made=datetime(2026, 11, 16, 7, tzinfo=UTC),
    )
    return an_upgrade().model_copy(
        update={
            "instance": "prod",
            "instance_purpose": "production",
            "created": "2026-11-16T07:12:00Z",
            "time_zone": "Africa/Kinshasa",
            "time_zones": ("Africa/Lubumbashi",),
            "languages": tuple(Language),
            "offline_s": 1860.0,
            "rollback_s": 1020.0,
            "rollback_basis": "That is how long users were cut off in the last 1 run that went back on uat, the failed "
            "attempt included: 17 min 00 s (3.4.0). prod itself has had none yet.",
            "window": window.planned(),
            "schedule": make_schedule(course),
            "inputs": inputs,
            "assessment": assess(
                Impact.MODERATE,
                Urgency.MEDIUM,
                chosen=None,
                patch=None,
                reasons=(inputs.impact_reason or "", inputs.urgency_reason or ""),
            ),
            "rules": rules_between("3.6.0", "3.19.2"),
            "smoke": ("requisition answers", "a stranger gets no user list"),
        }
    )


def a_large_plan() -> Plan:
    """Return a plan that replaces eleven components, which four people sign, with as much to say as people have."""
    plan = a_signed_plan()
    moved = next(change for change in plan.changes if change.component == "ui")
    services = "auth fulfillment hapifhir notification referencedata reports requisition stockmanagement ui"
    names = [*services.split(), "dhis2-integration", "diagnostics"]
    inputs = plan.inputs or Inputs()
    notice = dict.fromkeys(
        Language, " ".join([inputs.users_notice[Language.FRENCH]] * 3 if inputs.users_notice else [])
    )
    return plan.model_copy(
        update={
            "changes": tuple(moved.model_copy(update={"component": name}) for name in names),
            "approvers": ("moh-product-owner", "moh-deputy-director", "tier3-lead", "release-manager"),
            "inputs": inputs.model_copy(update={"users_notice": notice, "reason": f"{inputs.reason} " * 5}),
        }
    )


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_no_other_is_kept(language: Language) -> None:
    text = (files("olmis_release.plan.documents") / "locale" / f"{language}.po").read_bytes()
    catalogue = read_po(iter(text.splitlines(keepends=True)), locale=str(language))
    told = {str(message.id): str(message.string) for message in catalogue if message.id}
    assert every_message() - {one for one, said in told.items() if said} == set()
    assert set(told) - every_message() == set()
    for message, said in told.items():
        assert sorted(PLACEHOLDER.findall(message)) == sorted(PLACEHOLDER.findall(said)), message


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_in_a_whole_plan_is_left_in_english(language: Language) -> None:
    page = render_html(a_signed_plan(), code=CODE, hash_hex=HASH, language=language)
    left = re.findall(r'<span lang="en">(.*?)</span>', page)
    assert left == []
    assert f'<html lang="{language}">' in page


def test_identifiers_versions_and_names_are_the_same_in_every_language() -> None:
    plan = a_signed_plan()
    for language in Language:
        page = render_html(plan, code=CODE, hash_hex=HASH, language=language)
        for same in (CODE, HASH, "7.1.1-hotfix.1", "requisition", "3.5.0+mw1", "M. Banda", "20190226150000000"):
            assert same in page


@pytest.mark.parametrize("sentence", every_sentence())
def test_every_sentence_is_recognised_with_what_stands_in_it(sentence: str) -> None:
    values = dict.fromkeys(re.findall(r"%\((\w+)\)s", sentence), "7.1.0")
    found = recognise(sentence % values)
    assert found is not None
    assert " ".join(one % said for one, said in found) == sentence % values


def test_a_text_that_the_planner_did_not_write_is_marked_as_english() -> None:
    plan = an_upgrade().model_copy(update={"notes": ("Somebody wrote <this>.",)})
    page = render_html(plan, code=CODE, hash_hex=HASH, language=Language.FRENCH)
    assert '<span lang="en">Somebody wrote &lt;this&gt;.</span>' in page


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.ENGLISH, "Sat 28 Nov 2026 19:00 Kinshasa (WAT) (20:00 Lubumbashi (CAT), 18:00 UTC)"),
        (Language.FRENCH, "samedi 28 novembre 2026 19:00 Kinshasa (WAT) (20:00 Lubumbashi (CAT), 18:00 UTC)"),
        (
            Language.PORTUGUESE,
            "sábado, 28 de novembro de 2026 19:00 Kinshasa (WAT) (20:00 Lubumbashi (CAT), 18:00 UTC)",
        ),
    ],
)
def test_a_moment_is_said_in_every_zone_of_the_country_and_in_utc(language: Language, said: str) -> None:
    assert tongue(language, ("Africa/Kinshasa", "Africa/Lubumbashi")).moment(START) == said


def test_every_language_of_the_plan_gets_its_documents() -> None:
    names = [name for name, _ in documents_of(a_signed_plan(), code=CODE, hash_hex=HASH)]
    assert names == [
        "plan.html",
        "plan.md",
        "plan.en.html",
        "plan.en.md",
        "plan.fr.html",
        "plan.fr.md",
        "plan.pt.html",
        "plan.pt.md",
    ]


@pytest.mark.parametrize("language", Language)
def test_all_thirteen_sections_are_there_in_order(language: Language) -> None:
    for text, mark in (
        (render_html(a_signed_plan(), code=CODE, hash_hex=HASH, language=language), r"<h2>(\d+)\. "),
        (render_markdown(a_signed_plan(), code=CODE, hash_hex=HASH, language=language), r"(?m)^## (\d+)\. "),
    ):
        assert [int(number) for number in re.findall(mark, text)] == list(range(1, 14))


def test_users_read_what_they_will_notice_in_their_language() -> None:
    page = render_html(a_signed_plan(), code=CODE, hash_hex=HASH, language=Language.FRENCH)
    assert "vous ne pourrez pas vous connecter" in page
