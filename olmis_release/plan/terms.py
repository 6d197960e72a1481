"""What people agreed on before a plan is made: why, how grave, on which route, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from olmis_release.errors import BadInput, Problem, UsageError
from olmis_release.instance.config import InstanceConfig
from olmis_release.manifest.emergency import Impact, Patch, Route, Urgency
from olmis_release.plan.assessment import Assessment, assess
from olmis_release.plan.inputs import Asked, Inputs, Missing, missing
from olmis_release.plan.window_choice import choose_window
from olmis_release.plan.windows import PlannedWindow
from olmis_release.text import listed
from olmis_release.yamlio import Document, read_model, read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was typed with `plan`, and the file of inputs.

    Attributes:
        window: When, as it was typed; empty where nothing was.
        inputs: The file; None where none was named.
    """

    window: str = ""
    impact: Impact | None = None
    urgency: Urgency | None = None
    route: Route | None = None
    inputs: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The same, read and agreed.

    Attributes:
        inputs_text: The file's own bytes, kept with the plan.
    """

    inputs: Inputs | None = None
    inputs_text: bytes | None = None
    assessment: Assessment | None = None
    window: PlannedWindow | None = None

    @property
    def route(self) -> Route:
        """The route that is taken; the standard one where nobody judged."""
        return self.assessment.route if self.assessment else Route.STANDARD


NO_WISHES = Wishes()
NO_TERMS = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A file of inputs."""

    inputs: Inputs = field(default_factory=Inputs)
    document: Document | None = None
    text: bytes | None = field(default=None, repr=False)


def agree(config: InstanceConfig, wishes: Wishes, *, release: str, patch: Patch | None, now: datetime) -> Terms:
    """Return the terms of a plan; the instance is not asked for anything.

    Raises:
        UsageError: Inputs are asked for and no file was named, or what was typed contradicts itself.
        BadInput: The file cannot be read, or something in it is missing; names every field.
        OutsideWindow: The instance may not be changed then; names the next window.
    """
    given = _given(wishes.inputs)
    inputs = given.inputs
    assessment = assess(
        wishes.impact or inputs.impact,
        wishes.urgency or inputs.urgency,
        chosen=wishes.route,
        patch=patch,
        reasons=(inputs.impact_reason or "", inputs.urgency_reason or ""),
    )
    route = assessment.route if assessment else wishes.route or Route.STANDARD
    if config.asks_for_inputs:
        _require_inputs(config, given, route, release=release, judged=assessment is not None)
    return Terms(
        inputs=inputs if given.document else None,
        inputs_text=given.text,
        assessment=assessment,
        window=choose_window(config, wishes.window, route=route, now=now, release=release),
    )


def _given(path: Path | None) -> _Given:
    if path is None:
        return _Given()
    document = read_yaml(path, shown_as=str(path))
    return _Given(inputs=read_model(Inputs, document), document=document, text=path.read_bytes())


def _require_inputs(config: InstanceConfig, given: _Given, route: Route, *, release: str, judged: bool) -> None:
    elsewhere = {"impact", "urgency"} if judged else set()
    elsewhere |= {"support"} if any(contact.tier for contact in config.contacts) else set()
    asked = Asked(route=route, languages=config.languages, elsewhere=frozenset(elsewhere))
    lacking = tuple(missing(given.inputs, asked))
    if lacking and given.document is None:
        raise _no_file(config.name, lacking, route=route, release=release)
    if lacking:
        raise BadInput(
            _problems(lacking, given.document),
            resolution="Fill these in; write none where there is nothing to say. No plan was made.",
        )


def _no_file(instance: str, lacking: tuple[Missing, ...], *, route: Route, release: str) -> UsageError:
    error = UsageError(
        f"The policy of {instance} asks for what only people know, and no --inputs FILE was given: "
        f"{listed((one.key for one in lacking), most=50)}.",
        details="\n".join(f"{one.key}: {one.purpose}" for one in lacking),
        resolution=f"olmis-release plan {release} --to {instance} --inputs-template {route} > inputs.yml",
    )
    error.code = "E-INPUTS-MISSING"
    return error


def _problems(lacking: tuple[Missing, ...], document: Document | None) -> Iterator[Problem]:
    for one in lacking:
        yield Problem(
            code="E-INPUTS-MISSING",
            message=f"{one.key} is not given: {one.purpose}.",
            resolution="",
            where=document.where_key(one.path) if document else None,
        )
