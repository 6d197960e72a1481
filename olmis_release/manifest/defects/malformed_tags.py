"""Tags that are nearly versions: they cannot be ordered, and somebody meant another one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from olmis_release.errors import Problem
from olmis_release.manifest.defects.model import Context, warning
from olmis_release.manifest.image import REPOSITORY, TAG, ImageRef
from olmis_release.manifest.importers.model import Distribution, ImportedService
from olmis_release.text import did_you_mean, quoted, safe
from olmis_release.version import has_order

_STAGES = ("SNAPSHOT", "beta", "RC", "hotfix")
_NEARLY = re.compile(
    r"(?P<prefix>v?)(?P<numbers>[0-9]{1,18}(?:\.[0-9]{1,18}){1,3})(?P<mark>[-._]*)(?P<word>[A-Za-z]+)"
    r"(?P<gap>[-._]*)(?P<nth>[0-9]{0,18})(?P<snapshot>-snapshot)?\Z",
    re.IGNORECASE,
)
_DOUBLED = re.compile(r"[.]{2,}|[.-]\Z|--")
_LETTERS = str.maketrans("oOlI", "0011")
_LETTERS_FOR_DIGITS = re.compile(r"[0-9oOlI]{1,4}(?:\.[0-9oOlI]{1,4}){2}\Z")
_SHORTEST_WORD = 4
_LONGEST = 255


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield tags that only look like versions, and images that cannot be read at all."""
    del context
    for name, service in distribution.services.items():
        if service.image is None:
            continue
        if not service.image.is_well_formed:
            yield _unreadable(name, service, service.image)
            continue
        tag = service.image.tag
        meant = meant_by(tag)
        if meant:
            message = f"{name}: `{safe(tag)}` of {service.image.repository} is no version as OpenLMIS writes them."
            where, do = service.image_where, f"Did you mean `{meant}`?"
            yield warning("malformed-tag", message, where=where, do=do)


def meant_by(tag: str) -> str:
    """Return the version that a tag seems to mean, nothing when it is one already or means no version."""
    if has_order(tag):
        return ""
    tidy = _DOUBLED.sub(lambda match: match.group()[0] if match.end() < len(tag) else "", tag)
    tidy = tidy.replace("v.", "v", 1) if tidy.startswith("v.") else tidy
    tidy = tidy.translate(_LETTERS) if _LETTERS_FOR_DIGITS.match(tidy) else tidy
    if tidy != tag and _numeric(tidy):
        return tidy
    match = _NEARLY.match(tag)
    stage = _stage(match["word"]) if match else ""
    if not match or not stage:
        return ""
    return _written(match, stage)


def _numeric(tag: str) -> bool:
    return re.fullmatch(r"v?[0-9]+(?:\.[0-9]+)*", tag) is not None


def _stage(word: str) -> str:
    """Return the stage that a word is or nearly is; short words are taken at their word only."""
    exact = {stage.lower(): stage for stage in _STAGES}.get(word.lower())
    if exact or len(word) < _SHORTEST_WORD:
        return exact or ("RC" if re.fullmatch(r"r[cg]", word, re.IGNORECASE) else "")
    near = did_you_mean(word.lower(), [stage.lower() for stage in _STAGES if len(stage) >= _SHORTEST_WORD])
    return next((stage for stage in _STAGES if f"`{stage.lower()}`" in near), "")


def _written(match: re.Match[str], stage: str) -> str:
    word = match["word"] if match["word"].lower() == stage.lower() else stage
    nth = match["nth"]
    number = "" if stage == "SNAPSHOT" else f".{nth}" if nth and stage == "hotfix" else nth
    return f"{match['prefix']}{match['numbers']}-{word}{number}{match['snapshot'] or ''}"


def _unreadable(name: str, service: ImportedService, image: ImageRef) -> Problem:
    """Return the defect of an image that Compose passes on as it is, and no engine can pull."""
    digest = f"@{image.digest}" if image.digest else ""
    text = f"{image.repository}{'' if image.untagged else f':{image.tag}'}{digest}"
    message = f"{name}: {quoted(text)} is not an image (repository:tag, a lower-case repository)."
    do = "Write it as in openlmis/requisition:7.1.0."
    if len(text) <= _LONGEST and not TAG.match(image.tag):
        meant = f"{image.repository}:{_mended(image.tag)}{digest}"
        do = f"Did you mean `{meant}`? A tag has letters, digits, `.`, `_` and `-`."
    elif REPOSITORY.match(image.repository.lower()) and image.repository != image.repository.lower():
        do = f"Did you mean `{text.replace(image.repository, image.repository.lower(), 1)}`? It is in lower case."
    return warning("malformed-image", message, where=service.image_where, do=do)


def _mended(tag: str) -> str:
    tidy = tag.strip().lstrip(".-").replace("+", "_").replace(",", ".")
    return re.sub(r"[^A-Za-z0-9._-]", "", tidy)
