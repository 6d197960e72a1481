"""What was read from a distribution: every service with its image, its resolved body, and the place of each value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from olmis_release.errors import Problem, Severity, Where
from olmis_release.manifest.image import ComposeBody, ImageRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable that an `.env` file defines: its value after interpolation, and where."""

    name: str
    value: str
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A reference to a variable in a compose file.

    Attributes:
        path: Dotted path of the value that holds it, for example ``services.auth.image``.
        default: What stands in when it is not defined, None when nothing does.
    """

    name: str
    path: str
    where: Where
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedService:
    """A service of a distribution.

    Attributes:
        name: Its Compose name.
        image: What it runs; None where it is built, where the file names none, or where it cannot be read (then
            a problem says so).
        built: It has a `build` section.
        build: Folder or repository it is built from, empty if it is not.
        body: Its body as Compose takes it, without `image` and `build`: variables filled in, `extends` and overriding
            files merged, environment and labels as mappings. ``${NAME}`` stands only for a variable that nothing
            defines; a literal ``${`` is ``$${``.
        open_body: The same with ``${NAME}`` also where the file gives a default (see `Distribution.variables_open`).
        where: Dotted path inside the service (``environment.JAVA_OPTS``; ``""`` is the service itself) to its place.
        image_where: Place of the image's text.
        image_text: The image as written, before interpolation; empty if there is none.
        literal_image: The image is written without any variable.
    """

    name: str
    image: ImageRef | None
    built: bool
    build: str = ""
    body: ComposeBody
    open_body: ComposeBody
    where: Mapping[str, Where]
    image_where: Where
    image_text: str
    literal_image: bool

    def place(self, path: str = "") -> Where:
        """Return the place of a value, or of the nearest value around it."""
        while path and path not in self.where:
            path = path.rpartition(".")[0]
        return self.where.get(path, self.image_where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A distribution at one ref, or in one folder.

    Attributes:
        name: The source as the user named it.
        ref: Full ref (``refs/tags/v3.19.2``) or commit, empty for a plain folder.
        commit: Commit it was read at, empty for a plain folder.
        message: That commit's message; bundles may name the upstream commit in it.
        folder: Folder inside the source, empty for its root.
        files: The compose files read, in the order in which they override each other.
        env_files: The `.env` files read.
        services: By Compose name, in file order.
        volumes: Top-level volumes.
        networks: Top-level networks.
        top: Every other top-level section (`configs`, `secrets`, `x-…` left out), resolved.
        variables_defined: By name, from the `.env` files.
        settings: What the `env_file`s of services hold, by their path as written; only those that the source has.
        variables_used: Every reference, in file order.
        variables_open: Variables that the open bodies refer to: name to default, None when nothing defines it.
        where: Dotted path from the top (``volumes.syslog``, ``services.auth``) to its place.
        problems: What is wrong with it; with an error among them, services may be missing.
    """

    name: str
    ref: str = ""
    commit: str = ""
    message: str = ""
    folder: str = ""
    files: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    services: Mapping[str, ImportedService] = field(default_factory=dict)
    volumes: Mapping[str, ComposeBody] = field(default_factory=dict)
    networks: Mapping[str, ComposeBody] = field(default_factory=dict)
    top: Mapping[str, Mapping[str, ComposeBody]] = field(default_factory=dict)
    variables_defined: Mapping[str, Variable] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Variable]] = field(default_factory=dict)
    variables_used: tuple[Use, ...] = ()
    variables_open: Mapping[str, str | None] = field(default_factory=dict)
    where: Mapping[str, Where] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop an import."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def doubtful(self) -> tuple[Problem, ...]:
        """The errors that leave in doubt what runs; a `restart` that is said twice does not."""
        return tuple(problem for problem in self.errors if problem.code != "E-REPEATED-KEY")

    @property
    def images(self) -> dict[str, ImageRef]:
        """The image of every service that has one, by service."""
        return {name: service.image for name, service in self.services.items() if service.image}

    @property
    def built(self) -> tuple[str, ...]:
        """The services that are built on the spot and name no image."""
        return tuple(name for name, service in self.services.items() if service.built and not service.image)
