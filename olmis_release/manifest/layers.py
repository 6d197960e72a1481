"""What goes into a merge: what Core publishes, and what a country says about it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from olmis_release.manifest.image import (
    ComponentName,
    ComposeBody,
    ComposeValue,
    ConsulName,
    SchemaName,
    Strict,
    Tag,
    matching,
)
from olmis_release.manifest.model import Role
from olmis_release.version import tag_range


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
    consul: ConsulName | None = None
    schema_name: SchemaName | None = Field(default=None, alias="schema")
    reports_version: str | None = None
    compose: ComposeBody = Field(default_factory=dict)


class Constraint(Strict):
    """What versions a component may have; a bare range stands for `version`.

    Attributes:
        version: Range such as ``>=1.4.0-hotfix,<2.0.0``, ordered as image tags are.
        reason: Why.
    """

    version: Annotated[str, AfterValidator(tag_range)]
    reason: str = ""


Constraints = dict[
    ComponentName,
    Annotated[Constraint, BeforeValidator(lambda value: {"version": value} if isinstance(value, str) else value)],
]


class Overriding(Strict):
    """The one way around a constraint: a version that may pass all the same.

    Attributes:
        version: The tag, or what a fork `provides`; another version is not let pass.
        reason: Why; it must be given.
    """

    version: Tag
    reason: Annotated[str, Field(min_length=1)]


class CoreManifest(Strict):
    """A Core release as the reference distribution publishes it.

    Attributes:
        constraints: Per component, what versions may stand in for it, forks included.
    """

    kind: Literal["core"]
    version: str
    source: Source
    variables: dict[str, str | None] = Field(default_factory=dict)
    volumes: dict[str, ComposeBody] = Field(default_factory=dict)
    networks: dict[str, ComposeBody] = Field(default_factory=dict)
    constraints: Constraints = Field(default_factory=dict)
    components: dict[ComponentName, CoreComponent]


class Replace(Strict):
    """Put another image in a Core component's place, under its own name or another (`as`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    image: str
    as_name: ComponentName | None = Field(default=None, alias="as")
    consul: ConsulName | None = None
    reports_version: str | None = None
    provides: str | None = None


class Add(Strict):
    """Add a component that Core does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    image: str
    role: Role = Role.SERVICE
    consul: ConsulName | None = None
    schema_name: SchemaName | None = Field(default=None, alias="schema")
    reports_version: str | None = None
    compose: ComposeBody = Field(default_factory=dict)


class Attach(Strict):
    """Attach an extension module: an image that fills a volume mounted in its host."""

    module: ComponentName
    image: str
    mount: Annotated[str, matching(re.compile(r"/[^:\s]+\Z"), "an absolute path")] = "/extensions"


class Statement(Strict):
    """What an extension says about one component; exactly one of replace, add, remove, pin, or any of attach and set.

    Attributes:
        pin: Another tag of the same repository.
        remove: Leave the component out.
        set: Dotted path into the Compose body (``environment.JAVA_OPTS``) to its new value.
        unset: Dotted paths that the body loses; each must be there.
        optional: A missing target is not an error.
        reason: Why; wanted for everything that goes against Core.
    """

    replace: Replace | None = None
    add: Add | None = None
    remove: bool = False
    pin: Tag | None = None
    attach: Attach | None = None
    set: dict[str, ComposeValue] = Field(default_factory=dict)
    unset: tuple[str, ...] = ()
    optional: bool = False
    reason: str = ""


class ExtensionManifest(Strict):
    """What a country says about Core, in strict verbs.

    Attributes:
        replace_volumes: Volumes of Core that are declared differently here.
        constraints: Per component, what versions this country's components need.
        overrides: Per component, a version that passes although a constraint forbids it.
    """

    kind: Literal["extension"]
    name: Annotated[str, matching(re.compile(r"[a-z][a-z-]{0,30}\Z"), "an extension name ([a-z][a-z-]*)")]
    core: str
    variables: dict[str, str | None] = Field(default_factory=dict)
    volumes: dict[str, ComposeBody] = Field(default_factory=dict)
    replace_volumes: dict[str, ComposeBody] = Field(default_factory=dict)
    networks: dict[str, ComposeBody] = Field(default_factory=dict)
    constraints: Constraints = Field(default_factory=dict)
    overrides: dict[ComponentName, Overriding] = Field(default_factory=dict)
    components: dict[ComponentName, Statement]
