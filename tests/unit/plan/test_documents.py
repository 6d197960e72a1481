"""The plan as people read it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

from olmis_release.cli.plan_text import plan_text
from olmis_release.manifest.emergency import Impact, Patch, Priority, Urgency
from olmis_release.manifest.emergency import Route as EmergencyRoute
from olmis_release.plan.documents import render_html, render_markdown
from olmis_release.plan.model import Action, Change, Migration, Plan, WayBack
from olmis_release.plan.planner import plan_changes
from olmis_release.plan.sets import canonical, hash_of
from olmis_release.plan.steps import Route, plan_steps
from olmis_release.plan.way_back import data_cost
from tests.fakes.plan import a_component, a_plan, a_release, changed, going, with_tag

CODE, HASH = "F7DS-JEEJ", "f7d5" * 16
EVIL = """<script>alert("x")</script>|`[a](http://x)` \x1b[31m\u202e"""


def an_upgrade() -> Plan:
    """Return the plan of an upgrade with one of everything."""
    old = a_release("3.4.1+mw1", cce=a_component("openlmis/cce:1.0.0", consul="cce", schema_name="cce"))
    new = changed(
        old,
        "3.5.0+mw1",
        cce=None,
        requisition=with_tag(old.components["requisition"], "7.1.1-hotfix.1"),
        ui=with_tag(old.components["ui"], "1.2.0"),
        reports=a_component("openlmismw/reports:1.0.5", consul="report", schema_name="report"),
    )
    migrations = {
        "requisition": (
            Migration(version="20190226150000000", name="add status changes index", checksum=1),
            Migration(version="20190301120000000", name="add stock data index", checksum=2),
        )
    }
    changes = tuple(
        one.model_copy(
            update={"pending": migrations.get(one.component, ()), "migrations_known": one.component != "reports"}
        )
        for one in plan_changes(going(old, new))
    )
    route = Route(changes=changes, release=new, previous=old, way_back=WayBack.DATABASE, front="nginx")
    return a_plan(
        changes=changes,
        previous="3.4.1+mw1",
        previous_plan="K2QM-7RTA",
        previous_compose="c" * 64,
        steps=plan_steps(route),
        way_back=WayBack.DATABASE,
        data_cost=data_cost(WayBack.DATABASE),
        notes=("Volumes and database schemas of what is removed are kept: cce.",),
        approvers=("moh-product-owner", "tier3-lead"),
        offline_s=48.0,
        offline_basis="That is what the last 2 runs with this way back took on uat: 47 s (3.4.0), 49 s (3.4.1+mw1).",
    )


class Page(HTMLParser):
    """Collects the tags of a page and checks that they are closed in order."""

    VOID = frozenset({"meta", "br", "wbr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.open: list[str] = []
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.targets += [value or "" for name, value in attrs if name == "href"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_of_an_upgrade(golden: Callable[[str, str], None]) -> None:
    golden("plan/upgrade.html", render_html(an_upgrade(), code=CODE, hash_hex=HASH))


def test_the_markdown_of_an_upgrade(golden: Callable[[str, str], None]) -> None:
    golden("plan/upgrade.md", render_markdown(an_upgrade(), code=CODE, hash_hex=HASH))


def an_emergency() -> Plan:
    patch = Patch(
        base="3.4.1+mw1",
        base_sha256="b" * 64,
        components=("requisition",),
        ticket="MW-812",
        impact=Impact.EXTENSIVE,
        urgency=Urgency.MEDIUM,
        priority=Priority.CRITICAL,
        route=EmergencyRoute.EMERGENCY,
    )
    return an_upgrade().model_copy(update={"patch": patch})


def test_an_emergency_says_its_ticket_and_priority_on_its_first_page() -> None:
    page = render_html(an_emergency(), code=CODE, hash_hex=HASH)
    assert "<dd><strong>Critical</strong>: impact extensive, urgency medium; emergency route</dd>" in page
    assert "<dd>MW-812</dd>" in page
    text = render_markdown(an_emergency(), code=CODE, hash_hex=HASH)
    assert (
        "| Priority | **Critical**: impact extensive, urgency medium; emergency route |\n| Ticket | MW-812 |\n" in text
    )
    assert "of 3.4.1+mw1: only requisition may differ from it" in text
    told = plan_text(an_emergency(), CODE).splitlines()
    assert told[1] == "Critical: MW-812, impact extensive, urgency medium"


def test_a_plan_of_an_ordinary_release_keeps_its_hash() -> None:
    assert b'"patch"' not in canonical(an_upgrade())
    assert b'"ticket":"MW-812"' in canonical(an_emergency())


def test_the_page_is_one_whole_file_without_script_or_anything_to_fetch() -> None:
    page = Page(render_html(an_upgrade(), code=CODE, hash_hex=HASH))
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "src" not in page.attributes
    assert all(target.startswith("https://github.com/OpenLMIS/") for target in page.targets)


def the(component: str) -> Change:
    return next(change for change in an_upgrade().changes if change.component == component)


def evil_plan() -> Plan:
    evil = {"action": Action.REPLACE, "reasons": (EVIL,), "before": EVIL, "unknown_rows": (EVIL,)}
    change = the("consul").model_copy(update=evil)
    return a_plan(changes=(change,), notes=(EVIL,), author=EVIL, approvers=(EVIL,), release=EVIL, offline_basis=EVIL)


def test_no_value_becomes_markup_in_the_page() -> None:
    page = render_html(evil_plan(), code=CODE, hash_hex=HASH)
    assert "script" not in Page(page).tags
    assert not re.search("[\x1b\u202e]", page)


def test_no_value_becomes_markup_in_markdown() -> None:
    text = render_markdown(evil_plan(), code=CODE, hash_hex=HASH)
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\]\(http", text)
    assert not re.search("[\x1b\u202e]", text)
    rows = [line for line in text.splitlines() if line.startswith("| consul")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [9]


def test_page_one_says_who_approves_or_that_nobody_must() -> None:
    assert "moh-product-owner" in render_html(an_upgrade(), code=CODE, hash_hex=HASH)
    assert "asks for no approval" in render_html(a_plan(), code=CODE, hash_hex=HASH)


def test_a_plan_that_only_lets_users_in_says_so() -> None:
    text = render_html(a_plan(changes=(the("consul"),)), code=CODE, hash_hex=HASH)
    assert "No component changes." in text


def test_a_plan_made_before_there_were_schedules_keeps_its_hash() -> None:
    said = json.loads(canonical(an_upgrade()))
    later = {"inputs", "schedule", "window", "assessment", "rules", "languages", "time_zones", "smoke", "contacts"}
    assert not later & said.keys()
    assert not {"keys_added", "keys_removed"} & said["changes"][0].keys()
    assert hash_of(Plan.model_validate(said)) == hash_of(an_upgrade())
