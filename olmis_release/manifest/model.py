"""The manifests: what Core publishes, what a country says about it, and the release that comes out.

All three are read from YAML whose scalars are text (see `yamlio`), so numbers and booleans inside a Compose body stay
exactly as they were written: ``"1.10"`` never becomes ``1.1``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from typing_extensions import TypeAliasType

from olmis_release.text import code_points

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
ComposeValue = TypeAliasType("ComposeValue", "Text | list[ComposeValue] | dict[str, ComposeValue]")
"""A value of a Compose service body with every scalar kept as text (YAML null is the empty string)."""

ComposeBody: TypeAlias = Annotated[
    dict[str, ComposeValue], BeforeValidator(lambda value: {} if value is None else value)
]
"""The body of one Compose service without ``image``; the tool adds the pinned image when it renders."""

COMPONENT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*\Z")
DEFAULT_REGISTRY = "docker.io"


class Strict(BaseModel):
    """Base of every file model: immutable, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.match(value):
            strange = code_points(value)
            raise ValueError(f"{value!r} is not {what}{f'; it has {strange}' if strange else ''}")
        return value

    return AfterValidator(check)


Name = Annotated[str, _matching(COMPONENT_NAME, "a component name ([a-z0-9][a-z0-9_-]{0,62})")]
Tag = Annotated[str, _matching(TAG, "an image tag ([A-Za-z0-9_][A-Za-z0-9._-]{0,127})")]
Digest = Annotated[str, _matching(DIGEST, "a digest (sha256: and 64 lower-case hex digits)")]
Repository = Annotated[str, _matching(REPOSITORY, "an image repository")]


class Role(StrEnum):
    """What kind of thing a component is."""

    SERVICE = "service"
    UI = "ui"
    EXTENSION = "extension"
    INFRASTRUCTURE = "infrastructure"
    DATABASE = "database"
    CONFIG = "config"


ONE_SHOT_ROLES = frozenset({Role.CONFIG, Role.EXTENSION})
"""Components that fill a volume and end; nothing waits for an answer from them."""


class ImageRef(Strict):
    """An image: repository, tag and digest are one value and move together.

    Attributes:
        repository: As OpenLMIS writes it, for example ``openlmis/requisition``; a registry host is part of it only when
            it is not Docker Hub.
        tag: ``latest`` where the file named none (then `untagged` is true).
        digest: What the tag meant when the registry was asked; None until it was.
        untagged: The file named no tag.
    """

    repository: Repository
    tag: Tag = "latest"
    digest: Digest | None = None
    untagged: bool = False

    @classmethod
    def parse(cls, text: str) -> ImageRef:
        """Read ``repository[:tag][@digest]``.

        Raises:
            ValueError: It is not an image reference.
        """
        name, _, digest = text.partition("@")
        head, slash, tail = name.rpartition("/")
        last, colon, tag = tail.partition(":")
        if colon and not tag:
            raise ValueError(f"{text!r} has an empty tag")
        repository = f"{head}{slash}{last}"
        return cls(repository=repository, tag=tag or "latest", digest=digest or None, untagged=not tag)

    @property
    def registry(self) -> str:
        """The registry host, ``docker.io`` when none is named."""
        first, slash, _ = self.repository.partition("/")
        return first if slash and ("." in first or ":" in first or first == "localhost") else DEFAULT_REGISTRY

    @property
    def path(self) -> str:
        """The repository on its registry, for example ``library/redis``."""
        if self.registry != DEFAULT_REGISTRY:
            return self.repository.partition("/")[2]
        bare = self.repository.removeprefix(f"{DEFAULT_REGISTRY}/")
        return bare if "/" in bare else f"library/{bare}"

    def __str__(self) -> str:
        """Return ``repository:tag`` for people."""
        return f"{self.repository}:{self.tag}"

    def pinned(self) -> str:
        """Return ``repository:tag@digest``; the digest must be known."""
        if self.digest is None:
            raise ValueError(f"{self} has no digest")
        return f"{self.repository}:{self.tag}@{self.digest}"


class Beaten(Strict):
    """A value that another layer's statement replaced."""

    layer: str
    value: str
    file: str
    line: int


class Origin(Strict):
    """Why a value is what it is.

    Attributes:
        layer: ``core``, the extension's name, or ``command line``.
        file: Path relative to the workspace, or the option on the command line.
        line: Line in that file, 0 for none.
        reason: What the author gave as the reason, if anything.
        beat: The values it replaced, nearest layer first.
    """

    layer: str
    file: str
    line: int = 0
    reason: str = ""
    beat: tuple[Beaten, ...] = ()


class Component(Strict):
    """One versioned image that a distribution runs.

    Attributes:
        image: The image.
        role: Its kind.
        consul: Name on the service registry, which is also the path of its version endpoint; None if it has none.
        schema_name: Its database schema, key ``schema`` in files; None if it owns none.
        reports_version: What its version endpoint must answer; the image's tag when None.
        provides: Core component and version that it stands in for, for example ``report 1.1.2``.
        replaces: Core component it was put in place of, when under another name.
        host: For an extension module: the component it is attached to.
        compose: Its Compose service body without the image.
        origin: For each value (dotted path such as ``image`` or ``compose.environment.JAVA_OPTS``) where it comes from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    image: ImageRef
    role: Role = Role.SERVICE
    consul: str | None = None
    schema_name: str | None = Field(default=None, alias="schema")
    reports_version: str | None = None
    provides: str | None = None
    replaces: str | None = None
    host: str | None = None
    compose: ComposeBody = Field(default_factory=dict)
    origin: dict[str, Origin] = Field(default_factory=dict)

    @property
    def expected_version(self) -> str:
        """What the version endpoint must answer."""
        return self.reports_version or self.image.tag

    @property
    def version_path(self) -> str | None:
        """Path of its version endpoint, None when it has none: screens are registered, but answer with pages only."""
        return f"/{self.consul}" if self.consul and self.role is not Role.UI else None


# Files hold text only, so the number arrives as "1".
SchemaNumber = Annotated[Literal[1], BeforeValidator(lambda value: 1 if value == "1" else value)]


class ReleaseManifest(Strict):
    """A candidate or release: every component, resolved and explained.

    Attributes:
        schema_number: Version of this file's form, key ``schema``.
        version: For example ``3.5.0+mw1``.
        core: The Core release it is made from.
        extension: Name of the country extension, None for plain Core.
        variables: Names that Compose bodies refer to as ``${NAME}``, with their default; None means that the instance
            must give it.
        volumes: Top-level Compose volumes.
        components: By component name, sorted.
        dropped: Things the merge left out and why, for example ``auth.depends_on.cce``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    kind: Literal["release"] = "release"
    schema_number: SchemaNumber = Field(default=1, alias="schema")
    version: str
    core: str
    extension: str | None = None
    variables: dict[str, str | None] = Field(default_factory=dict)
    volumes: dict[str, ComposeBody] = Field(default_factory=dict)
    components: dict[Name, Component]
    dropped: dict[str, Origin] = Field(default_factory=dict)

    @property
    def pinned(self) -> bool:
        """Whether every image has its digest."""
        return all(component.image.digest for component in self.components.values())


class Source(Strict):
    """Where a Core manifest was read from."""

    repository: str
    ref: str
    commit: str


class CoreComponent(Strict):
    """A component as a Core manifest writes it; see `Component` for the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    image: str | None = None
    build: str | None = None
    role: Role = Role.SERVICE
    consul: str | None = None
    schema_name: str | None = Field(default=None, alias="schema")
    reports_version: str | None = None
    compose: ComposeBody = Field(default_factory=dict)


class CoreManifest(Strict):
    """A Core release as the reference distribution publishes it."""

    kind: Literal["core"]
    version: str
    source: Source
    variables: dict[str, str | None] = Field(default_factory=dict)
    volumes: dict[str, ComposeBody] = Field(default_factory=dict)
    components: dict[Name, CoreComponent]


class Replace(Strict):
    """Put another image in a Core component's place, under its own name or another (`as`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    image: str
    as_name: Name | None = Field(default=None, alias="as")
    consul: str | None = None
    reports_version: str | None = None
    provides: str | None = None


class Add(Strict):
    """Add a component that Core does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    image: str
    role: Role = Role.SERVICE
    consul: str | None = None
    schema_name: str | None = Field(default=None, alias="schema")
    reports_version: str | None = None
    compose: ComposeBody = Field(default_factory=dict)


class Attach(Strict):
    """Attach an extension module: an image that fills a volume mounted in its host."""

    module: Name
    image: str
    mount: str = "/extensions"


class Statement(Strict):
    """What an extension says about one component; exactly one of replace, add, remove, pin, or any of attach and set.

    Attributes:
        pin: Another tag of the same repository.
        remove: Leave the component out.
        set: Dotted path into the Compose body (``environment.JAVA_OPTS``) to its new value.
        optional: A missing target is not an error.
        reason: Why; wanted for everything that goes against Core.
    """

    replace: Replace | None = None
    add: Add | None = None
    remove: bool = False
    pin: Tag | None = None
    attach: Attach | None = None
    set: dict[str, ComposeValue] = Field(default_factory=dict)
    optional: bool = False
    reason: str = ""


class ExtensionManifest(Strict):
    """What a country says about Core, in strict verbs."""

    kind: Literal["extension"]
    name: Annotated[str, _matching(re.compile(r"[a-z][a-z-]{0,30}\Z"), "an extension name ([a-z][a-z-]*)")]
    core: str
    variables: dict[str, str | None] = Field(default_factory=dict)
    volumes: dict[str, ComposeBody] = Field(default_factory=dict)
    components: dict[Name, Statement]
