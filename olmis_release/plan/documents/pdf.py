"""Print a page of a plan to a PDF file, with the system's Chromium."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from olmis_release.errors import BadInput, UsageError
from olmis_release.instance.process import run

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PRINT_S = 120.0


def chromium() -> str:
    """Return the path of the browser that prints.

    Raises:
        UsageError: There is none.
    """
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        error = UsageError(
            "There is no Chromium on this machine, and PDF files are printed with it.",
            resolution="Install it (Debian and Ubuntu: the package chromium), or print plan.html from any browser.",
        )
        error.code = "E-NO-CHROMIUM"
        raise error
    return found


def print_pdf(page: Path) -> Path:
    """Print an HTML file to a PDF file of the same name beside it; return that.

    Raises:
        UsageError: There is no Chromium.
        BadInput: It did not print.
    """
    target, browser = page.with_suffix(".pdf"), chromium()
    with tempfile.TemporaryDirectory(prefix="olmis-release-pdf-") as folder:
        made = Path(folder, target.name)
        finished = run(arguments(browser, page, made, profile=Path(folder, "profile")), timeout_s=PRINT_S)
        if not made.is_file():
            raise BadInput.one(
                f"Chromium did not print {page.name} (exit {finished.exit_code}).",
                resolution="Print the page from any browser; the plan itself is made.",
                code="E-PDF",
            )
        shutil.move(made, target)
    target.chmod(0o644)
    return target


def arguments(browser: str, page: Path, target: Path, *, profile: Path) -> list[str]:
    """Return the command that prints; a browser refuses its sandbox to root, and the page has no script."""
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [
        browser,
        "--headless",
        *as_root,
        "--disable-gpu",
        f"--user-data-dir={profile}",
        "--no-pdf-header-footer",
        f"--print-to-pdf={target}",
        page.resolve().as_uri(),
    ]
