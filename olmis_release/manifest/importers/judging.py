"""What is wrong or doubtful in an import, as its stage takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from olmis_release.errors import Problem, Severity
from olmis_release.manifest.defects.compose_values import NAME
from olmis_release.manifest.defects.heaps import size_of
from olmis_release.manifest.defects.model import Context
from olmis_release.manifest.defects.run import find
from olmis_release.manifest.image import COMPONENT_NAME, ImageRef
from olmis_release.manifest.importers.core import NOT_CARRIED
from olmis_release.manifest.importers.cores import images_of
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.layers import CoreManifest
from olmis_release.manifest.policy import Policy, Stage, load_policy
from olmis_release.manifest.volumes import folder_of
from olmis_release.text import safe
from olmis_release.workspace import Workspace


def judged(
    workspace: Workspace | None,
    distribution: Distribution,
    *,
    stage: Stage,
    cores: Mapping[str, CoreManifest] | None = None,
    earlier: Mapping[str, ImageRef] | None = None,
) -> tuple[Problem, ...]:
    """Return every problem of a distribution, judged by the workspace's policy.

    Args:
        workspace: Where the policy is; the one that ships with the tool when None.
        distribution: What was read.
        stage: What the manifest is wanted for.
        cores: Known Core releases.
        earlier: Image of each service at the last import.
    """
    policy = load_policy(workspace) if workspace else Policy()
    context = Context(
        core=images_of(cores or {}),
        earlier=earlier or {},
        memory_bytes=size_of(policy.memory) if policy.memory else None,
        image_mounts=policy.image_mounts,
        registries=policy.registries,
    )
    beside = (*_not_carried(distribution), *_mounted_from_beside(distribution))
    found = [*find(distribution, context), *_bad_names(distribution), *beside]
    return policy.judge(found, stage)


def _not_carried(distribution: Distribution) -> list[Problem]:
    return [
        Problem(
            code="W-NOT-CARRIED",
            message=f"{name}: `{key}` is left out: a release carries no files from beside the compose file.",
            resolution="Write the labels under `labels`."
            if key == "label_file"
            else "Put them into a config image, or into the settings file of each instance.",
            where=service.place(key),
            severity=Severity.WARNING,
        )
        for name, service in distribution.services.items()
        for key in sorted(NOT_CARRIED & service.body.keys())
    ]


def _mounted_from_beside(distribution: Distribution) -> Iterator[Problem]:
    for name, service in distribution.services.items():
        mounts = service.body.get("volumes", [])
        for index, mount in enumerate(mounts if isinstance(mounts, list) else ()):
            source = folder_of(mount)
            if source.startswith("."):
                yield Problem(
                    code="W-NOT-CARRIED",
                    message=f"{name} mounts {safe(source)} from beside the compose file; a release carries no files, "
                    "so it is looked for in the workspace of whoever deploys.",
                    resolution="Put the files into a config image, or mount a folder of the host by its full path.",
                    where=service.place(f"volumes.{index}"),
                    severity=Severity.WARNING,
                )


def _bad_names(distribution: Distribution) -> list[Problem]:
    return [
        Problem(
            code="E-NAME",
            message=f"{safe(repr(name))} cannot be the name of a component: letters, digits, `.`, `_` and `-`, "
            "no `.` or `-` in front, 128 at most.",
            resolution="Rename the service.",
            where=service.place(),
        )
        for name, service in distribution.services.items()
        if not COMPONENT_NAME.match(name) and NAME.fullmatch(name)
    ]
