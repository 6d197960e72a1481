"""The page as people meet it: on paper, on a telephone, by ear; opened in a real browser.

Screenshots and the printed file are kept in ``build/pages``.
"""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from olmis_release.instance.config import Language
from olmis_release.plan.documents import render_html
from olmis_release.plan.documents.pdf import NAMES, print_pdf
from olmis_release.plan.model import Plan
from tests.unit.plan.test_documents import CODE, HASH, evil_plan
from tests.unit.plan.test_languages import a_large_plan, a_signed_plan

DRIVER = shutil.which("chromedriver")
BROWSER = next((path for name in NAMES if (path := shutil.which(name))), None)
KEPT = Path(__file__).resolve().parents[3] / "build/pages"
A4_PRINTED = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
ENOUGH_CONTRAST = 4.5

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        not (DRIVER and BROWSER),
        reason="no Chromium with its driver here; Debian and Ubuntu: the packages chromium and chromium-driver",
    ),
]

CONTRASTS = """
const channel = value => { value /= 255; return value <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4; };
const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
const numbers = text => text.match(/[\\d.]+/g).map(Number);
const ground = element => {
  for (; element; element = element.parentElement) {
    const found = numbers(getComputedStyle(element).backgroundColor);
    if (found.length < 4 || found[3] > 0) return found;
  }
  return [255, 255, 255];
};
const written = [...document.querySelectorAll('body *')].filter(one =>
  [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
return written.map(one => {
  const [a, b] = [light(numbers(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
  return [(a + .05) / (b + .05), one.tagName, one.textContent.trim().slice(0, 40)];
});
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    options = ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    assert BROWSER is not None
    options.binary_location = BROWSER
    driver = Chrome(options=options, service=Service(executable_path=DRIVER))
    yield driver
    driver.quit()


def opened(browser: Chrome, folder: Path, plan: Plan, language: Language = Language.ENGLISH) -> Path:
    page = folder / f"plan.{language}.html"
    page.write_text(render_html(plan, code=CODE, hash_hex=HASH, language=language), encoding="utf-8")
    browser.get(page.as_uri())
    return page


def on_screen(browser: Chrome, width: int, height: int) -> None:
    metrics: dict[str, Any] = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def kept(browser: Chrome, name: str) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    (KEPT / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))


def pages_in(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@pytest.mark.parametrize("language", Language)
def test_page_one_fits_one_sheet_of_a4(browser: Chrome, tmp_path: Path, language: Language) -> None:
    opened(browser, tmp_path, a_signed_plan(), language)
    browser.execute_script("document.querySelectorAll('section:not(.page), footer').forEach(one => one.remove())")
    printed = browser.execute_cdp_cmd("Page.printToPDF", A4_PRINTED)
    pdf = base64.b64decode(printed["data"])
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"page1.{language}.pdf").write_bytes(pdf)
    assert pages_in(pdf) == 1


@pytest.mark.parametrize("language", Language)
def test_a_telephone_shows_it_without_scrolling_sideways(browser: Chrome, tmp_path: Path, language: Language) -> None:
    on_screen(browser, 360, 780)
    opened(browser, tmp_path, a_signed_plan(), language)
    wide, across = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    kept(browser, f"telephone.{language}")
    assert (wide, across) == (360, 360)


def test_a_desk_shows_it(browser: Chrome, tmp_path: Path) -> None:
    on_screen(browser, 1100, 1400)
    opened(browser, tmp_path, a_signed_plan())
    kept(browser, "desk.en")
    assert browser.title.startswith(f"Release deployment plan {CODE}")


@pytest.mark.parametrize("language", Language)
def test_headings_go_down_one_level_at_a_time_and_the_language_is_said(
    browser: Chrome, tmp_path: Path, language: Language
) -> None:
    opened(browser, tmp_path, a_signed_plan(), language)
    levels = browser.execute_script("return [...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert browser.execute_script("return document.documentElement.lang") == str(language)


def test_every_text_stands_out_from_its_ground(browser: Chrome, tmp_path: Path) -> None:
    on_screen(browser, 1100, 1400)
    opened(browser, tmp_path, a_signed_plan())
    contrasts = browser.execute_script(CONTRASTS)
    assert len(contrasts) > 100
    assert [one for one in contrasts if one[0] < ENOUGH_CONTRAST] == []


def test_what_would_be_markup_is_shown_as_text_and_nothing_runs(browser: Chrome, tmp_path: Path) -> None:
    opened(browser, tmp_path, evil_plan())
    scripts, text = browser.execute_script("return [document.scripts.length, document.body.innerText]")
    assert scripts == 0
    assert '<script>alert("x")</script>' in text
    assert "\\x1b[31m" in text


def test_the_system_s_browser_prints_a_pdf(tmp_path: Path) -> None:
    page = tmp_path / "plan.en.html"
    page.write_text(render_html(a_signed_plan(), code=CODE, hash_hex=HASH), encoding="utf-8")
    pdf = print_pdf(page)
    assert pdf.name == "plan.en.pdf"
    assert pages_in(pdf.read_bytes()) >= 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.en.html", "plan.en.pdf"]


@pytest.mark.parametrize("language", Language)
def test_page_one_of_a_large_release_fits_one_sheet_too(browser: Chrome, tmp_path: Path, language: Language) -> None:
    opened(browser, tmp_path, a_large_plan(), language)
    browser.execute_script("document.querySelectorAll('section:not(.page), footer').forEach(one => one.remove())")
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", A4_PRINTED)["data"])
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"page1.large.{language}.pdf").write_bytes(pdf)
    assert pages_in(pdf) == 1
