"""The words of the manifests: names, tags, digests, Compose values, and the image that ties three of them together."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from typing_extensions import TypeAliasType

from olmis_release.text import code_points

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
ComposeValue = TypeAliasType("ComposeValue", "Text | list[ComposeValue] | dict[str, ComposeValue]")
"""A value of a Compose service body with every scalar kept as text (YAML null is the empty string)."""

ComposeBody: TypeAlias = Annotated[
    dict[str, ComposeValue], BeforeValidator(lambda value: {} if value is None else value)
]
"""The body of one Compose service without ``image``; the tool adds the pinned image when it renders."""

COMPONENT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
"""What Compose takes for the name of a service, without a dot or a dash in front: no hidden file, no option."""
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
REPOSITORY = re.compile(
    r"(?=.{1,255}\Z)[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*\Z"
)
DEFAULT_REGISTRY = "docker.io"


class Strict(BaseModel):
    """Base of every file model: immutable, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    """Return the check that a text has a form; a look-alike letter in it is named."""

    def check(value: str) -> str:
        if not pattern.match(value):
            strange = code_points(value)
            raise ValueError(f"{value!r} is not {what}{f'; it has {strange}' if strange else ''}")
        return value

    return AfterValidator(check)


Name = Annotated[str, matching(_PLAIN_NAME, "a name ([a-z0-9][a-z0-9_-]{0,62})")]
ComponentName = Annotated[str, matching(COMPONENT_NAME, "a component name ([A-Za-z0-9_][A-Za-z0-9._-]{0,127})")]
Tag = Annotated[str, matching(TAG, "an image tag ([A-Za-z0-9_][A-Za-z0-9._-]{0,127})")]
Digest = Annotated[str, matching(DIGEST, "a digest (sha256: and 64 lower-case hex digits)")]
Repository = Annotated[str, matching(REPOSITORY, "an image repository")]
ConsulName = Annotated[
    str, matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z"), "a name on the service registry")
]
SchemaName = Annotated[str, matching(re.compile(r"[a-z_][a-z0-9_]{0,62}\Z"), "a database schema ([a-z_][a-z0-9_]*)")]


class ImageRef(Strict):
    """An image: repository, tag and digest are one value and move together.

    Attributes:
        repository: As OpenLMIS writes it, for example ``openlmis/requisition``; a registry host is part of it only when
            it is not Docker Hub.
        tag: ``latest`` where the file named none (then `untagged` is true).
        digest: What the tag meant when the registry was asked; None until it was.
        untagged: The file named no tag.
        by_digest: The file named a digest instead; what ``latest`` means is nobody's business then.
    """

    repository: Repository
    tag: Tag = "latest"
    digest: Digest | None = None
    untagged: bool = False
    by_digest: bool = False

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
        return cls(
            repository=repository,
            tag=tag or "latest",
            digest=digest or None,
            untagged=not tag,
            by_digest=bool(digest) and not tag,
        )

    @classmethod
    def as_written(cls, text: str) -> ImageRef:
        """Read an image whatever it says: one that cannot be one in the parts its author meant, never to be pulled."""
        with suppress(ValueError):
            return cls.parse(text)
        name, _, digest = text.partition("@")
        head, slash, tail = name.rpartition("/")
        last, colon, tag = tail.partition(":")
        return cls.model_construct(
            repository=f"{head}{slash}{last}", tag=tag or "latest", digest=digest or None, untagged=not colon
        )

    @property
    def is_well_formed(self) -> bool:
        """Whether an engine can pull it; false only for what `as_written` made."""
        digest = self.digest is None or DIGEST.match(self.digest)
        return bool(REPOSITORY.match(self.repository) and TAG.match(self.tag) and digest)

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
        """Return ``repository:tag`` for people, ``repository@digest`` where the file named only that."""
        if self.by_digest:
            return f"{self.repository}@{self.digest}" if self.digest else self.repository
        return f"{self.repository}:{self.tag}"

    @property
    def written(self) -> str:
        """The image as its file writes it: no tag where none was named, no digest that only a registry told."""
        return self.repository if self.untagged and not self.by_digest else str(self)

    def pinned(self) -> str:
        """Return ``repository:tag@digest``; the digest must be known."""
        if self.digest is None:
            raise ValueError(f"{self} has no digest")
        return str(self) if self.by_digest else f"{self.repository}:{self.tag}@{self.digest}"
