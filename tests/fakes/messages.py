"""Everything that the documents can say, as the catalogues must have it."""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import Path

from babel.messages.extract import extract
from jinja2 import ext

import olmis_release.plan.documents
from olmis_release.plan.documents.labels import LABELS
from olmis_release.plan.documents.sentences import every_sentence

FOLDER = Path(olmis_release.plan.documents.__file__).parent


def every_message() -> set[str]:
    """Return every message of the templates, of the code, of the labels and of the planner's sentences."""
    return {*_of_templates(), *_of_code(), *LABELS.values(), *every_sentence()}


def _of_templates() -> set[str]:
    found: set[str] = set()
    for template in (files("olmis_release.plan.documents") / "templates").iterdir():
        options = {"trim_blocks": "true", "silent": "false"}
        read = ext.babel_extract(io.BytesIO(template.read_bytes()), ("_",), [], options)
        found |= {
            one for _, _, message, _ in read for one in (message if isinstance(message, tuple) else (message,)) if one
        }
    return found


def _of_code() -> set[str]:
    """Return what is said by ``say("…")`` in the modules beside the templates."""
    found: set[str] = set()
    for file in FOLDER.glob("*.py"):
        for _, message, _, _ in extract("python", io.BytesIO(file.read_bytes()), keywords={"say": None}):
            found |= {message} if isinstance(message, str) else set(message)
    return found
