"""Releases, situations and plans for tests, as values that a test changes where it matters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from olmis_release.manifest.model import Component, ComposeBody, ImageRef, ReleaseManifest, Role
from olmis_release.manifest.render import Rendered, Surroundings, render
from olmis_release.plan.composed import config_of, services_in
from olmis_release.plan.model import Action, Base, Change, Outcome, Plan, PlanPurpose, Run, WayBack
from olmis_release.plan.planner import Running, Situation
from olmis_release.plan.steps import Route, plan_steps
from olmis_release.plan.way_back import data_cost
from olmis_release.workspace import Workspace


def digest(text: str) -> str:
    """Return a digest that differs for every text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def a_component(image: str, *, compose: ComposeBody | None = None, **fields: object) -> Component:
    """Return a component; the digest follows from the image's name unless it is given."""
    parsed = ImageRef.parse(image)
    pinned = parsed if parsed.digest else parsed.model_copy(update={"digest": digest(image)})
    return Component(image=pinned, compose=compose or {"env_file": ["settings.env"]}).model_copy(update=fields)


def a_release(version: str = "3.5.0+mw1", **components: Component) -> ReleaseManifest:
    """Return a release of a small distribution; keywords replace or add components."""
    usual = {
        "consul": a_component("openlmis/consul:1.0", role=Role.INFRASTRUCTURE),
        "db": a_component("openlmis/postgres:12-debezium", role=Role.DATABASE),
        "nginx": a_component("openlmis/nginx:6", role=Role.INFRASTRUCTURE),
        "requisition": a_component("openlmis/requisition:7.1.0", consul="requisition", schema_name="requisition"),
        "stockmanagement": a_component("openlmis/stock:5.0.0", consul="stockmanagement", schema_name="stockmanagement"),
        "ui": a_component("openlmismw/ui:1.1.0", role=Role.UI, consul="mw-reference-ui"),
    }
    return ReleaseManifest(version=version, core=version.partition("+")[0], components=usual | components)


def changed(release: ReleaseManifest, version: str, **components: Component | None) -> ReleaseManifest:
    """Return a later release: keywords replace or add components, None takes one out."""
    merged = {**release.components, **components}
    kept = {name: component for name, component in merged.items() if component is not None}
    return release.model_copy(update={"version": version, "components": kept})


def with_tag(component: Component, tag: str) -> Component:
    """Return a component with another tag of its image, and so another digest."""
    image = component.image.model_copy(update={"tag": tag, "digest": digest(f"{component.image.repository}:{tag}")})
    return component.model_copy(update={"image": image})


def rendered(release: ReleaseManifest, *, settings: str = "first") -> Rendered:
    """Return a release's Compose file with a settings file of that fingerprint."""
    return render(
        release,
        Surroundings(
            project="uat",
            variables={},
            settings_file=f"/workspace/settings/{settings}.env",
            settings_values={},
            settings_fingerprint=settings,
            overrides={},
            mirrors={},
            front="nginx",
        ),
    )


def bodies(release: ReleaseManifest, *, settings: str = "first") -> Mapping[str, ComposeBody]:
    """Return the component bodies of a release's Compose file."""
    return services_in(rendered(release, settings=settings).text, shown_as="compose.yml")


def running(release: ReleaseManifest, *, settings: str = "first") -> dict[str, Running]:
    """Return what an engine has after a good deploy of a release."""
    labels = {name: config_of(body) for name, body in bodies(release, settings=settings).items()}
    return {
        name: Running(image=str(one.image), digest=one.image.digest, config=labels[name])
        for name, one in release.components.items()
    }


def going(before: ReleaseManifest | None, after: ReleaseManifest, *, settings: str = "first") -> Situation:
    """Return the situation in which one release runs as deployed and another is wanted."""
    return Situation(
        manifest=after,
        wanted=bodies(after, settings=settings),
        previous=before,
        deployed=bodies(before) if before else {},
        running=running(before) if before else {},
    )


def a_base(**fields: object) -> Base:
    """Return what a plan was made from."""
    base = Base(
        engine_id="FAKE",
        containers={"requisition": "sha256:1/abc/running"},
        settings="first",
        histories={"requisition": "feed"},
        hooks={},
        instance_file="1" * 64,
        manifest="2" * 64,
    )
    return base.model_copy(update=fields)


def a_plan(*, changes: tuple[Change, ...] | None = None, compose: str = "compose", **fields: object) -> Plan:
    """Return a plan from 3.4.1+mw1 to 3.5.0+mw1 that replaces the UI; keywords change its fields."""
    if changes is None:
        moved = a_change("ui", Action.REPLACE, reasons=("image 1.1.0 -> 1.2.0",))
        changes = (a_change("requisition", Action.KEEP, reasons=("unchanged",)), moved)
    release = a_release()
    route = Route(changes=changes, release=release, previous=release, way_back=WayBack.IMAGES, front="nginx")
    plan = Plan(
        tool_version="0.1.0",
        instance="uat",
        project="uat",
        url="http://127.0.0.1:8080",
        release="3.5.0+mw1",
        release_file="manifests/candidates/3.5.0+mw1/rc1.yml",
        previous=None,
        previous_plan=None,
        compose=hashlib.sha256(compose.encode()).hexdigest(),
        previous_compose=None,
        created="2026-11-28T18:02:11Z",
        author="M. Banda",
        base=a_base(),
        changes=changes,
        steps=plan_steps(route),
        way_back=WayBack.IMAGES,
        data_cost=data_cost(WayBack.IMAGES),
        instance_purpose="uat",
        time_zone="Africa/Blantyre",
    )
    return plan.model_copy(update=fields)


def a_change(component: str, action: Action, **fields: object) -> Change:
    """Return a change of one component."""
    image = f"openlmis/{component}"
    before = f"{image}:1.1.0" if action is not Action.ADD else None
    after = f"{image}:1.2.0" if action is not Action.REMOVE else None
    change = Change(
        component=component,
        action=action,
        before=before,
        before_digest=digest(before) if before else None,
        after=after,
        after_digest=digest(after) if after else None,
    )
    return change.model_copy(update=fields)


def a_run(code: str = "F7DS-JEEJ", *, started: str = "2026-11-28T18:02:11Z", **fields: object) -> Run:
    """Return a good deploy of 3.5.0+mw1; keywords change its fields."""
    run = Run(
        code=code,
        run=started.replace("-", "").replace(":", "").replace("T", "t").rstrip("Z"),
        kind=PlanPurpose.DEPLOY,
        instance="uat",
        release="3.5.0+mw1",
        previous="3.4.1+mw1",
        outcome=Outcome.DEPLOYED,
        way_back=WayBack.IMAGES,
        started=started,
        ended=started.replace(":11Z", ":51Z"),
        exit_code=0,
        by="M. Banda",
    )
    return run.model_copy(update=fields)


def a_workspace(folder: Path) -> Workspace:
    """Return an empty workspace."""
    (folder / "manifests").mkdir()
    return Workspace(root=folder)
