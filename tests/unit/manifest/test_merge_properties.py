"""For any two layers: a release in which every value is explained, or problems that all name a place."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from olmis_release.errors import BadInput, Problem
from olmis_release.manifest.bodies import explained_paths
from olmis_release.manifest.extension import Layer
from olmis_release.manifest.layers import CoreManifest, ExtensionManifest
from olmis_release.manifest.lock import canonical
from olmis_release.manifest.merge import merge
from olmis_release.manifest.model import ReleaseManifest
from olmis_release.yamlio import parse_yaml, read_model, write_yaml

NAMES = ("auth", "db", "report", "ui", "stock")
names = st.sampled_from(NAMES)
images = st.builds(
    "{}/{}:{}".format, st.sampled_from(["o", "mw"]), names, st.sampled_from(["1.0.0", "2", "1-SNAPSHOT"])
)
texts = st.sampled_from(["x", "1.10", "${A}", "${B}", "$", "${", ""])
volumes = st.lists(st.sampled_from(["data:/d", "other:/o", "/host:/h"]), max_size=2)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "environment": st.dictionaries(st.sampled_from(["A", "b.c"]), texts, max_size=2),
        "depends_on": st.lists(names, max_size=2, unique=True),
        "volumes": volumes,
        "restart": texts,
        "comand": texts,
    },
)
components = st.fixed_dictionaries(
    {"image": images},
    optional={"compose": bodies, "schema": names, "consul": names, "role": st.sampled_from(["service", "ui"])},
)
sets = st.dictionaries(
    st.sampled_from(["environment.A", "environment", "volumes", "depends_on", "volumes.x", "labels.x"]),
    st.one_of(texts, volumes, st.just({"k": "v"})),
    max_size=2,
)
statements = st.fixed_dictionaries(
    {},
    optional={
        "replace": st.fixed_dictionaries({"image": images}, optional={"as": names}),
        "pin": st.sampled_from(["1.0.0", "9"]),
        "remove": st.just(True),
        "add": components,
        "set": sets,
        "attach": st.fixed_dictionaries({"module": st.sampled_from(["ext", "auth"]), "image": images}),
        "optional": st.booleans(),
    },
)
cores = st.fixed_dictionaries(
    {
        "kind": st.just("core"),
        "version": st.just("3.5.0"),
        "source": st.just({"repository": "r", "ref": "t", "commit": "c"}),
        "variables": st.dictionaries(st.sampled_from(["A"]), st.one_of(st.none(), texts), max_size=1),
        "volumes": st.dictionaries(st.sampled_from(["data", "other"]), st.just({}), max_size=2),
        "components": st.dictionaries(names, components, min_size=1, max_size=4),
    }
)
extensions = st.fixed_dictionaries(
    {
        "kind": st.just("extension"),
        "name": st.just("mw"),
        "core": st.sampled_from([">=3.5.0", ">=3.5.0,<3.6.0"]),
        "components": st.dictionaries(names, statements, max_size=4),
    }
)


@settings(max_examples=150, deadline=None)
@given(cores, extensions)
def test_a_merge_explains_every_value_or_names_the_place_of_every_problem(
    core: dict[str, object], extension: dict[str, object]
) -> None:
    core_document = parse_yaml(write_yaml(core).encode(), shown_as="core.yml")
    mw_document = parse_yaml(write_yaml(extension).encode(), shown_as="mw.yml")
    core_layer = Layer(name="core", manifest=read_model(CoreManifest, core_document), document=core_document)
    mw_layer = Layer(name="mw", manifest=read_model(ExtensionManifest, mw_document), document=mw_document)
    problems: Sequence[Problem] = ()
    try:
        manifest = merge(core_layer, mw_layer, version="3.5.0+mw1").manifest
    except BadInput as error:
        manifest, problems = None, error.problems
    assert all(problem.where and problem.where.line for problem in problems)
    if manifest is None:
        assert problems
        return
    for component in manifest.components.values():
        wanted = {path for path, _ in explained_paths(component.compose)} | {"image", "role"}
        assert wanted <= component.origin.keys()
        assert {path for path in component.origin if path.startswith("compose.")} <= wanted
        assert all(origin.line and origin.file in {"core.yml", "mw.yml"} for origin in component.origin.values())
    text = canonical(manifest)
    again = read_model(ReleaseManifest, parse_yaml(text.encode(), shown_as="rc1.yml"))
    assert again == manifest
    assert canonical(again) == text
