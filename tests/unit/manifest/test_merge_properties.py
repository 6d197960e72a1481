"""For any layers: a release in which every value is explained, or problems that all name a place, conflicts both."""

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from olmis_release.errors import BadInput, Problem
from olmis_release.manifest.bodies import explained_paths, shown, value_at
from olmis_release.manifest.extension import Layer
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest
from olmis_release.manifest.lock import canonical
from olmis_release.manifest.merge import Merged, Override, merge
from olmis_release.manifest.model import Beaten, Origin, ReleaseManifest
from olmis_release.manifest.render import Surroundings, render
from olmis_release.manifest.why import explained_values
from olmis_release.yamlio import parse_yaml, read_model, write_yaml

NAMES = ("auth", "db", "report", "ui", "stock")
TAGS = ("1.0.0", "1.0.0-hotfix", "2", "1-SNAPSHOT")
CONFLICTS = frozenset({"E-CONFLICT", "E-EXISTS", "E-VERBS", "E-CONSTRAINT"})
PLACE = re.compile(r"(?:core|mw)\.yml:[1-9]")

names = st.sampled_from(NAMES)
tags = st.sampled_from(TAGS)
images = st.builds("{}/{}:{}".format, st.sampled_from(["o", "mw"]), names, tags)
texts = st.sampled_from(["x", "1.10", "${A}", "${B}", "$", "${", ""])
plain = st.sampled_from(["x", "1.10", "${A}", "no"])
mounts = st.lists(st.sampled_from(["data:/d", "other:/o", "/host:/h"]), max_size=2, unique=True)
needs = st.one_of(
    st.lists(names, max_size=2, unique=True),
    st.dictionaries(names, st.just({"condition": "service_started"}), max_size=2),
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "environment": st.dictionaries(st.sampled_from(["A", "b.c"]), plain, max_size=2),
        "depends_on": needs,
        "links": st.lists(names, max_size=1),
        "network_mode": st.builds("service:{}".format, names),
        "volumes": mounts,
        "ports": st.just(["80:80"]),
        "healthcheck": st.just({"test": ["CMD", "true"], "interval": "5s"}),
        "restart": plain,
        "comand": texts,
    },
).map(
    lambda body: {key: value for key, value in body.items() if key not in {"comand", "network_mode"} or len(body) > 6}
)
components = st.fixed_dictionaries(
    {"image": images},
    optional={"compose": bodies, "schema": names, "consul": names, "role": st.sampled_from(["service", "ui"])},
)
set_paths = (
    *("environment.A", "environment", "volumes", "depends_on", "links", "restart", "ports", "healthcheck.test"),
    *("labels.x", "volumes.x", "image", "environment."),
)
sets = st.dictionaries(
    st.sampled_from(set_paths), st.one_of(texts, mounts, st.just({"k": "v"})), min_size=1, max_size=2
)
replacing = st.fixed_dictionaries(
    {"image": images},
    optional={
        "as": st.sampled_from([*NAMES, "new"]),
        "consul": names,
        "reports_version": tags,
        "provides": st.builds("{} {}".format, names, tags),
    },
)
attaching = st.fixed_dictionaries({"module": st.sampled_from(["ext", "auth", "data"]), "image": images})
said = {"reason": st.sampled_from(["MW-1", "because"]), "optional": st.booleans()}
deciding = st.one_of(
    st.fixed_dictionaries({"replace": replacing}, optional=said),
    st.fixed_dictionaries({"pin": tags}, optional={**said, "set": sets}),
    st.fixed_dictionaries({"remove": st.just(True)}, optional=said),
    st.fixed_dictionaries({"add": components}, optional=said),
    st.fixed_dictionaries({"set": sets}, optional=said),
    st.fixed_dictionaries({"unset": st.sampled_from([["restart"], ["environment.A"], ["volumes"]])}, optional=said),
    st.fixed_dictionaries({"attach": attaching}, optional={**said, "replace": replacing}),
)
anything = st.fixed_dictionaries(
    {},
    optional={
        "replace": replacing,
        "pin": tags,
        "remove": st.just(True),
        "add": components,
        "set": sets,
        "attach": attaching,
        **said,
    },
)
ranges = st.sampled_from([">=1.0.0", ">=1.0.0-hotfix", "<2", "1.0.0"])
around: dict[str, Any] = {
    "volumes": st.dictionaries(st.sampled_from(["data", "other", "ext"]), st.sampled_from([{}, {"external": "true"}])),
    "networks": st.dictionaries(st.just("n"), st.sampled_from([{}, {"internal": "true"}])),
    "variables": st.dictionaries(st.sampled_from(["A", "B"]), st.one_of(st.none(), st.just("v"))),
    "constraints": st.dictionaries(
        names, st.one_of(ranges, st.builds(lambda r: {"version": r, "reason": "c"}, ranges)), max_size=1
    ),
}


@st.composite
def layers(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], list[Override]]:
    """Draw Core, what a country says about it and now and then about nothing, and what somebody types."""
    known = draw(st.dictionaries(names, components, min_size=1, max_size=5))
    core = draw(
        st.fixed_dictionaries(
            {
                "kind": st.just("core"),
                "version": st.just("3.5.0"),
                "source": st.just({"repository": "r", "ref": "t", "commit": "c"}),
                "components": st.just(known),
            },
            optional=around,
        )
    )
    target = st.sampled_from([*known, *known, "new", *NAMES])
    extension = draw(
        st.fixed_dictionaries(
            {
                "kind": st.just("extension"),
                "name": st.just("mw"),
                "core": st.just(">=3.5.0,<3.6.0"),
                "components": st.dictionaries(target, st.one_of(deciding, deciding, anything), max_size=3),
            },
            optional={
                **around,
                "replace_volumes": st.dictionaries(st.sampled_from(["data", "other"]), st.just({"x": "y"}), max_size=1),
                "overrides": st.dictionaries(
                    names, st.builds(lambda tag: {"version": tag, "reason": "o"}, tags), max_size=1
                ),
            },
        )
    )
    typed = st.builds(
        lambda name, tag, why: Override(component=name, tag=tag, reason=why), target, tags, st.sampled_from(["", "I-7"])
    )
    return core, extension, draw(st.lists(typed, max_size=1))


@settings(max_examples=250, deadline=None)
@given(layers())
def test_a_merge_explains_every_value_or_names_the_place_of_every_problem(
    drawn: tuple[dict[str, Any], dict[str, Any], list[Override]],
) -> None:
    core, extension, typed = drawn
    files = {"core.yml": write_yaml(core), "mw.yml": write_yaml(extension)}
    result = merge_or_problems(files, typed)
    event("merged" if isinstance(result, Merged) else "refused")
    if isinstance(result, Merged):
        check_explained(result.manifest, files)
        check_canonical(result.manifest)
        check_renders(result.manifest)
    else:
        check_placed(result)


def merge_or_problems(files: dict[str, str], typed: Sequence[Override]) -> Merged | Sequence[Problem]:
    """Merge the texts of the two files and what was typed."""
    first = parse_yaml(files["core.yml"].encode(), shown_as="core.yml")
    second = parse_yaml(files["mw.yml"].encode(), shown_as="mw.yml")
    core = Layer(name="core", manifest=read_model(CoreManifest, first), document=first)
    extension = Layer(name="mw", manifest=read_model(ExtensionManifest, second), document=second)
    try:
        return merge(core, extension, typed, version="3.5.0+mw1")
    except BadInput as error:
        return error.problems


def check_placed(problems: Sequence[Problem]) -> None:
    """See that every problem has its place, and every conflict the other one too."""
    assert problems
    for problem in problems:
        event(problem.code)
        assert problem.where
        assert problem.where.line or problem.where.file.startswith("--set ")
        if problem.code in CONFLICTS:
            other = f"{problem.message} {problem.resolution}".replace(str(problem.where), "")
            assert PLACE.search(other) or "--set " in other, problem


def check_explained(manifest: ReleaseManifest, files: dict[str, str]) -> None:
    """See that every value has an origin that leads to the line which says it."""
    for name, component in manifest.components.items():
        wanted = {path for path, _ in explained_paths(component.compose)} | {"image", "role"}
        assert wanted <= component.origin.keys()
        assert {path for path in component.origin if path.startswith("compose.")} <= wanted
        assert component.image.tag in said_at(component.origin["image"], files), name
        for path, value in explained_paths(component.compose):
            check_beaten(component.origin[path], now=shown(value))
    around_components = {
        f"{key}.{name}" for key in ("variables", "volumes", "networks") for name in getattr(manifest, key)
    }
    assert manifest.origin.keys() == around_components
    told = list(explained_values(manifest))
    assert {one.path for one in told} >= around_components | manifest.dropped.keys()
    for one in told:
        event(f"layers {len(one.origin.beat)}")
        assert said_at(one.origin, files)
        assert all(said_at(beaten, files) for beaten in one.origin.beat)
        assert [beaten.layer for beaten in one.origin.beat] == sorted((b.layer for b in one.origin.beat), reverse=True)


def check_beaten(origin: Origin, *, now: str) -> None:
    """See that Core beats nobody, and that what won last did not leave the value as it was in the only other layer."""
    assert origin.layer != "core" or not origin.beat
    if len(origin.beat) == 1 and origin.beat[0].layer != origin.layer:
        event("same value" if origin.beat[0].value == now else "other value")


def said_at(origin: Origin | Beaten, files: dict[str, str]) -> str:
    """Return the text that an origin points to: its line to the end of the statement, or the option typed."""
    if origin.layer == "command line":
        assert origin.file.startswith("--set ")
        return origin.file
    assert origin.file == {"core": "core.yml", "mw": "mw.yml"}[origin.layer]
    return "\n".join(files[origin.file].split("\n")[origin.line - 1 : origin.line + 1])


def check_canonical(manifest: ReleaseManifest) -> None:
    """See that the bytes say all of the manifest, and always in the same way."""
    text = canonical(manifest)
    again = read_model(ReleaseManifest, parse_yaml(text.encode(), shown_as="rc1.yml"))
    assert again == manifest
    assert canonical(again) == text


def check_renders(manifest: ReleaseManifest) -> None:
    """See that a place can have its own word in the end, and that it wins over every layer."""
    name = min(manifest.components)
    here = Surroundings(
        project="p",
        variables={"A": "a", "B": "b"},
        settings_file="/s.env",
        settings_values={},
        settings_fingerprint="f",
        overrides={name: {"environment": {"HERE": "x"}}},
        mirrors={},
        front=name,
    )
    services = parse_yaml(render(manifest, here).text.encode(), shown_as="compose.yml").data["services"]
    assert isinstance(services, dict)
    assert services.keys() == manifest.components.keys()
    assert value_at(services[name], "environment.HERE") == "x"
    for service, body in services.items():
        assert set(body.get("depends_on", ())) <= services.keys(), service
