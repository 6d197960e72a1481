"""What an instance is: one place where a distribution runs, as its file describes it.

Shapes only; reading the file is `workspace` and `yamlio`.
"""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from olmis_release.instance.timetable import Freeze, Milestone, Offset, Timetable, Window, Zone
from olmis_release.manifest.emergency import Route
from olmis_release.manifest.model import ComponentName, ComposeValue, ImageRef, Name, Strict


class Purpose(StrEnum):
    """What an instance is for."""

    DEVELOPMENT = "development"
    UAT = "uat"
    TRAINING = "training"
    PRODUCTION = "production"


class Language(StrEnum):
    """A language in which documents are written."""

    ENGLISH = "en"
    FRENCH = "fr"
    PORTUGUESE = "pt"


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError(f"{text!r} does not start with http:// or https://")
    return text.rstrip("/")


# No sign that ssh or a shell could take for anything but a name, and no dash in front: that would be an option.
_HOST_NAME = r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]+\])"
_SSH_HOST = re.compile(rf"ssh://(?:[A-Za-z0-9_][A-Za-z0-9._-]{{0,63}}@)?{_HOST_NAME}(?::(\d{{1,5}}))?")
_TCP_HOST = re.compile(rf"tcp://{_HOST_NAME}:(\d{{1,5}})")
_UNIX_HOST = re.compile(r"unix:///\S+")
# Neither could be taken for a pattern, a list or an option by ssh-keygen, nor lead out of a folder as a file's name.
PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,127}")
ROLE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def docker_host(text: str) -> str:
    """Return a Docker endpoint as it was written.

    Raises:
        ValueError: It is none that we would reach, for example one that `ssh` would take for an option.
    """
    if _UNIX_HOST.fullmatch(text):
        return text
    found = _SSH_HOST.fullmatch(text) or _TCP_HOST.fullmatch(text)
    if found and 0 < int(found[1] or 22) < 65536:
        return text
    if text.startswith("ssh://-") or "@-" in text:
        raise ValueError(f"{text!r} is not a Docker endpoint: a host or user must not begin with a dash")
    forms = "unix:///path, ssh://[user@]host[:port] or tcp://host:port with tls"
    raise ValueError(f"{text!r} is not a Docker endpoint ({forms})")


def _socket_path(text: str) -> str:
    if not re.fullmatch(r"(?:/[A-Za-z0-9._-]+)+", text):
        raise ValueError(f"{text!r} is not the path of a socket, for example /run/user/1000/docker.sock")
    return text


def _image(text: str) -> str:
    ImageRef.parse(text)
    return text


def _publish(text: str) -> str:
    port = text.rpartition(":")[2]
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{text!r} is not a port to publish, for example 127.0.0.1:8080 or 80")
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?", text):
        raise ValueError(f"{text!r} is not a host name, for example uat.example.org")
    return text


def _path(text: str) -> str:
    if not text.startswith("/") or any(mark.isspace() for mark in text):
        raise ValueError(f"{text!r} is not a path: it begins with / and has no blanks")
    return text


def _person(text: str) -> str:
    if not PERSON.fullmatch(text):
        raise ValueError(f"{text!r} is not a name as in allowed_signers, for example c.phiri@health.example.org")
    return text


def _role(text: str) -> str:
    if not ROLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a role, for example moh-product-owner")
    return text


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Hours = Annotated[float, Field(gt=0, le=8784, allow_inf_nan=False)]


class DockerTls(Strict):
    """Files that prove to each other who the engine and we are; relative paths begin at the workspace.

    Attributes:
        ca: Certificate of the authority that signed the engine's certificate.
        cert: Our certificate.
        key: Its private key; mode 0600.
    """

    ca: str = Field(min_length=1)
    cert: str = Field(min_length=1)
    key: str = Field(min_length=1)


class Docker(Strict):
    """How the engine is reached: a context by name, or an endpoint; neither means the local default.

    Attributes:
        context: A Docker context of this machine.
        host: ``unix:///…``, ``ssh://[user@]host[:port]``, or ``tcp://host:port`` together with `tls`.
        tls: For ``tcp://`` only, and never without.
        socket: Where the engine listens on the other side of ``ssh://``, when that is not /var/run/docker.sock.
    """

    context: str | None = None
    host: Annotated[str, AfterValidator(docker_host)] | None = None
    tls: DockerTls | None = None
    socket: Annotated[str, AfterValidator(_socket_path)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Docker:
        if self.context and self.host:
            raise ValueError("give either context or host, not both")
        over_tcp = bool(self.host and self.host.startswith("tcp://"))
        if over_tcp and self.tls is None:
            raise ValueError("a Docker endpoint in plain text is refused: give tls {ca, cert, key}, or use ssh://")
        if self.tls and not over_tcp:
            raise ValueError("tls goes with a host tcp://… only; a context brings its own")
        if self.socket and not self.context and not (self.host or "").startswith("ssh://"):
            raise ValueError("socket goes with ssh:// only")
        return self

    def below(self, folder: Path) -> Docker:
        """Return the same with the paths of its files made absolute, from a folder on."""
        if self.tls is None:
            return self
        files = {name: str(folder / path) for name, path in self.tls.model_dump().items()}
        return self.model_copy(update={"tls": DockerTls(**files)})


class RollbackMethod(StrEnum):
    """How the database is made able to go back.

    CLONE: a copy beside it on the same server, swapped in within a second. DUMP: a dump in a volume of its own; it is
    restored into a new database, which is then swapped in. HOOK: the executable ``hooks/database-snapshot``, for a
    managed database.
    """

    CLONE = "clone"
    DUMP = "dump"
    HOOK = "hook"


class DatabaseRollback(Strict):
    """How the database may go back.

    Attributes:
        methods: In the order in which they are preferred; a plan takes the first for which there is room.
    """

    methods: tuple[RollbackMethod, ...] = Field(default=(RollbackMethod.CLONE, RollbackMethod.DUMP), min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> DatabaseRollback:
        if len(set(self.methods)) < len(self.methods):
            raise ValueError("name each method once")
        return self


class DatabaseConfig(Strict):
    """Where the database is.

    Attributes:
        component: The Compose service that runs it; or
        url_from: Name of an environment variable with a ``postgresql://`` URL for a role that may clone.
        name: Database name, ``open_lmis`` in most countries; PostgreSQL cuts names at 63 bytes, and a rollback point's
            adds 24.
        maintenance: Database from which `name` is closed, cloned and renamed.
        user: Role that the tool uses in the `component`.
        keep_points: How many accepted rollback points are kept after a deploy.
        keep_failed: How many databases of releases that were taken back are kept, closed, after the next good deploy.
        rollback: How it may go back.
    """

    component: ComponentName | None = None
    url_from: str | None = None
    name: str = Field(default="open_lmis", min_length=1, max_length=39)
    maintenance: str = "postgres"
    user: str = "postgres"
    keep_points: int = Field(default=1, ge=0)
    keep_failed: int = Field(default=1, ge=0)
    rollback: DatabaseRollback = DatabaseRollback()

    @model_validator(mode="after")
    def _one_place(self) -> DatabaseConfig:
        if bool(self.component) == bool(self.url_from):
            raise ValueError("give either component or url_from")
        return self


class WallConfig(Strict):
    """The permanent front container that publishes the port and can show a maintenance page.

    Attributes:
        image: A stock nginx image.
        publish: Host address and port it listens on, for example ``127.0.0.1:8080`` or ``80``.
        component: OpenLMIS's own front, to which it passes requests.
        port: The port of that component inside the Compose network.
        retry_after_s: What the maintenance page asks clients to wait.
        message: What the maintenance page tells users.
    """

    image: Annotated[str, AfterValidator(_image)]
    publish: Annotated[str, AfterValidator(_publish)]
    component: ComponentName = "nginx"
    port: int = Field(default=80, gt=0, lt=65536)
    retry_after_s: int = Field(default=120, gt=0)
    message: str = "OpenLMIS is being updated. Please try again in a few minutes."

    @property
    def image_ref(self) -> ImageRef:
        """The image, parsed."""
        return ImageRef.parse(self.image)


class SmokeCheck(Strict):
    """A request that a working instance answers as told.

    Attributes:
        body: JSON text to send.
        expect_status: The HTTP status that must come back.
        expect_json: JSON path (dotted) to the value it must have, as text.
        within_s: Seconds it may take.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "HEAD"] = "GET"
    path: Annotated[str, AfterValidator(_path)]
    body: str | None = None
    expect_status: int = Field(default=200, ge=100, lt=600)
    expect_json: dict[str, str] = Field(default_factory=dict)
    within_s: Seconds = 10.0


def _named_apart(checks: tuple[SmokeCheck, ...]) -> tuple[SmokeCheck, ...]:
    twice = [name for name, count in Counter(check.name for check in checks).items() if count > 1]
    if twice:
        raise ValueError(f"two checks are named {', '.join(repr(name) for name in twice)}; give each a name of its own")
    return checks


Person = Annotated[str, AfterValidator(_person)]
RoleName = Annotated[str, AfterValidator(_role)]


class Policy(Strict):
    """What the instance's owners ask for.

    Attributes:
        approvals: Roles that must each approve a plan; empty means none.
        emergency_approvals: The same on the emergency route and for going back; left out, `approvals` hold there too.
        approvers: Role to the people who may decide in it, by their names in ``manifests/allowed_signers``.
        evidence_roles: Roles that may sign on paper: somebody else records the scan, and signs that record.
        recorders: Who may record what others signed on paper or said; left out, everybody in `approvers` may.
        verbal_roles: Roles that may approve by word of mouth, on the emergency route only.
        written_within_h: Hours within which a spoken approval is given in writing, too.
        approval_valid_h: Hours after which an approval has lapsed, if it does not end sooner.
        mutable_tags: Whether SNAPSHOT, ``latest`` and untagged images may be deployed.
        confirm: Whether a person must type the instance's name; None means: for production.
        inputs: Whether a plan must say what only people know (reason, risks, owners …); None means: for production.
    """

    approvals: tuple[RoleName, ...] = ()
    emergency_approvals: tuple[RoleName, ...] | None = None
    approvers: dict[RoleName, tuple[Person, ...]] = Field(default_factory=dict)
    evidence_roles: tuple[RoleName, ...] = ()
    verbal_roles: tuple[RoleName, ...] = ()
    recorders: tuple[Person, ...] = ()
    written_within_h: Hours = 24.0
    approval_valid_h: Hours = 336.0
    mutable_tags: Literal["allow", "warn", "refuse"] = "refuse"
    confirm: bool | None = None
    inputs: Literal["required", "optional"] | None = None

    @model_validator(mode="after")
    def _known_roles(self) -> Policy:
        for field in ("approvals", "emergency_approvals"):
            twice = [role for role, count in Counter(getattr(self, field) or ()).items() if count > 1]
            if twice:
                raise ValueError(f"{field} names {', '.join(twice)} twice; each role decides once")
        for field in ("approvers", "evidence_roles", "verbal_roles"):
            strange = [role for role in getattr(self, field) if role not in self.roles]
            if strange:
                raise ValueError(f"{field} names {', '.join(strange)}, which no approval is asked of")
        return self

    @property
    def roles(self) -> frozenset[str]:
        """Every role that is asked on one route or another."""
        return frozenset({*self.approvals, *(self.emergency_approvals or ())})

    @property
    def may_record(self) -> frozenset[str]:
        """Everybody who may record what others decided."""
        return frozenset(self.recorders or (person for people in self.approvers.values() for person in people))

    def roles_on(self, *, emergency: bool) -> tuple[str, ...]:
        """Return the roles that must each approve a plan on a route."""
        hurried = emergency and self.emergency_approvals is not None
        return (self.emergency_approvals or ()) if hurried else self.approvals


class Timeouts(Strict):
    """How long things may take here; slow hosts need more.

    Attributes:
        ready_s: Seconds a component may take from start until it answers with its version.
        steady_s: Seconds every component must have run without a restart before a release is accepted. A JVM takes
            longer than that to boot, so on real services it adds nothing.
        pull_s: Seconds one image may take to pull.
        smoke_s: Seconds one smoke test may take when it names no limit of its own.
        gate_s: Seconds within which every session must have left the database.
        hook_s: Seconds one hook may run.
        step_s: Seconds one call that changes containers may take; a takeover waits that long for the last one.
        hold_s: Seconds for which a target that fell silent is waited for, before a run is left to `resume`.
        lease_s: Seconds without a sign of life after which another operator may take the lock over.
    """

    ready_s: Seconds = 600.0
    steady_s: float = Field(default=30.0, ge=0, allow_inf_nan=False)
    pull_s: Seconds = 3600.0
    smoke_s: Seconds = 10.0
    gate_s: Seconds = 30.0
    hook_s: Seconds = 300.0
    step_s: Seconds = 180.0
    hold_s: Seconds = 600.0
    lease_s: Seconds = 90.0


class ComponentSettings(Strict):
    """What this place needs different in a component's Compose body (ports, memory), never its image."""

    set: dict[str, ComposeValue]
    reason: str = ""


class Contact(Strict):
    """A person to ask.

    Attributes:
        tier: Level of support: 1 helpdesk, 2 ministry, 3 implementer, 4 OpenLMIS Core; None for others.
        hours: When the person answers, with the zone.
        escalate_after_min: Minutes without an answer after which the next tier is asked.
    """

    role: str
    name: str
    phone: str = ""
    email: str = ""
    tier: Annotated[int, Field(ge=1, le=4)] | None = None
    whatsapp: str = ""
    language: str = ""
    hours: str = ""
    escalate_after_min: Annotated[int, Field(gt=0)] | None = None


class InstanceConfig(Strict):
    """An instance file, `manifests/instances/<name>.yml`.

    Attributes:
        url: What users open; every probe goes there.
        host_header: Host name that probes send when it differs from the URL's.
        project: Compose project; another name would make a second stack with empty volumes.
        settings: Path of the settings file relative to the workspace; mode 0600, never committed.
        registries: Registry host to the mirror that is asked instead, for example ``docker.io: 127.0.0.1:5000``.
        variables: Values for the ``${NAME}`` that the release's Compose bodies refer to.
        components: Per component, what this place needs different.
        time_zones: Further zones of the country, in which documents show times too.
        languages: In which the documents of a plan are written, the first one first.
        windows: When the instance may be changed; none means always.
        freezes: When it may not, whatever the windows say.
        schedule: Per route, what of the usual schedule is done at another distance from the window.
    """

    kind: Literal["instance"]
    name: Name
    purpose: Purpose
    url: Annotated[str, AfterValidator(_url)]
    host_header: Annotated[str, AfterValidator(_host)] | None = None
    time_zone: Zone = "UTC"
    time_zones: tuple[Zone, ...] = ()
    languages: tuple[Language, ...] = Field(default=(Language.ENGLISH,), min_length=1)
    docker: Docker = Docker()
    project: Name
    settings: str
    database: DatabaseConfig
    wall: WallConfig
    policy: Policy = Policy()
    registries: dict[str, str] = Field(default_factory=dict)
    variables: dict[str, str] = Field(default_factory=dict)
    components: dict[ComponentName, ComponentSettings] = Field(default_factory=dict)
    smoke: Annotated[tuple[SmokeCheck, ...], AfterValidator(_named_apart)] = ()
    timeouts: Timeouts = Timeouts()
    contacts: tuple[Contact, ...] = ()
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    schedule: dict[Route, dict[Milestone, Offset]] = Field(default_factory=dict)

    @property
    def timetable(self) -> Timetable:
        """When it may be changed."""
        return Timetable(windows=self.windows, freezes=self.freezes, zone_name=self.time_zone)

    @property
    def asks_for_inputs(self) -> bool:
        """Whether a plan must say what only people know."""
        asked = self.policy.inputs
        return asked == "required" if asked is not None else self.purpose is Purpose.PRODUCTION

    @property
    def zone(self) -> ZoneInfo:
        """The instance's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def asks_to_confirm(self) -> bool:
        """Whether a person must type the name before a deploy."""
        return self.policy.confirm if self.policy.confirm is not None else self.purpose is Purpose.PRODUCTION
