"""The release that comes out of a merge: every component, resolved, pinned and explained.

What goes in is in `layers`. All manifests are read from YAML whose scalars are text (see `yamlio`), so numbers and
booleans inside a Compose body stay exactly as they were written: ``"1.10"`` never becomes ``1.1``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from olmis_release.manifest.emergency import Patch
from olmis_release.manifest.image import (
    COMPONENT_NAME,
    DEFAULT_REGISTRY,
    DIGEST,
    REPOSITORY,
    TAG,
    ComponentName,
    ComposeBody,
    ComposeValue,
    ConsulName,
    Digest,
    ImageRef,
    Name,
    Repository,
    SchemaName,
    Strict,
    Tag,
)

__all__ = [
    "COMPONENT_NAME",
    "DEFAULT_REGISTRY",
    "DIGEST",
    "ONE_SHOT_ROLES",
    "REPOSITORY",
    "TAG",
    "Beaten",
    "Component",
    "ComponentName",
    "ComposeBody",
    "ComposeValue",
    "Digest",
    "ImageRef",
    "Name",
    "Narrowed",
    "Origin",
    "Patch",
    "ReleaseManifest",
    "Repository",
    "Role",
    "Strict",
    "Tag",
]


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


class Beaten(Strict):
    """A value that another layer's statement replaced, and why it had been given, if anybody said."""

    layer: str
    value: str
    file: str
    line: int
    reason: str = ""


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


class Narrowed(Strict):
    """A constraint that holds for a component.

    Attributes:
        version: The range of versions that it may have.
        overridden: Who let another version pass, and why; None where the component fits.
    """

    version: str
    layer: str
    file: str
    line: int = 0
    reason: str = ""
    overridden: Origin | None = None


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
        platforms: Where the digest is that of an index: platform (``linux/amd64``) to the digest of its own image.
        compose: Its Compose service body without the image.
        origin: For each value (dotted path such as ``image`` or ``compose.environment.JAVA_OPTS``) where it comes from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    image: ImageRef
    role: Role = Role.SERVICE
    consul: ConsulName | None = None
    schema_name: SchemaName | None = Field(default=None, alias="schema")
    reports_version: str | None = None
    provides: str | None = None
    replaces: str | None = None
    host: str | None = None
    platforms: dict[str, Digest] = Field(default_factory=dict)
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
        patch: For an emergency release: what it was made from, and why it could not wait.
        variables: Names that Compose bodies refer to as ``${NAME}``, with their default; None means that the instance
            must give it.
        volumes: Top-level Compose volumes.
        networks: Top-level Compose networks; the project's default network needs no entry.
        constraints: For each component the constraints that hold for it, and who overrode one.
        components: By component name, sorted.
        origin: Where variables, volumes and networks come from, for example ``volumes.config``.
        dropped: Things the merge left out and why, for example ``auth.depends_on.cce``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    kind: Literal["release"] = "release"
    schema_number: SchemaNumber = Field(default=1, alias="schema")
    version: str
    core: str
    extension: str | None = None
    patch: Patch | None = None
    variables: dict[str, str | None] = Field(default_factory=dict)
    volumes: dict[str, ComposeBody] = Field(default_factory=dict)
    networks: dict[str, ComposeBody] = Field(default_factory=dict)
    constraints: dict[ComponentName, tuple[Narrowed, ...]] = Field(default_factory=dict)
    components: dict[ComponentName, Component]
    origin: dict[str, Origin] = Field(default_factory=dict)
    dropped: dict[str, Origin] = Field(default_factory=dict)

    @property
    def pinned(self) -> bool:
        """Whether every image has its digest."""
        return all(component.image.digest for component in self.components.values())
