"""The flat Compose file of a release at an instance."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from olmis_release.errors import BadInput, Where
from olmis_release.manifest.model import Component, Origin
from olmis_release.manifest.provenance import KeyPath
from olmis_release.manifest.render import CONFIG_LABEL, Rendered, Surroundings, render
from olmis_release.manifest.variables import secrets_referred_to
from tests.fakes.manifest import component, release

AROUND = Surroundings(
    project="olmis-uat",
    variables={},
    settings_file="/ws/uat.env",
    settings_values={},
    settings_fingerprint="one",
    overrides={},
    mirrors={},
    front="nginx",
)
NGINX = component("openlmis/nginx:4", role="infrastructure", compose={"ports": ["80:80"], "expose": ["80"]})
DIGEST = f"sha256:{'a' * 64}"


def rendered(components: dict[str, Component], around: Surroundings = AROUND, **fields: Any) -> Rendered:
    return render(release({"nginx": NGINX, **components}, **fields), around)


def service(name: str, components: dict[str, Component], around: Surroundings = AROUND, **fields: Any) -> Any:
    return yaml.safe_load(rendered(components, around, **fields).text)["services"][name]


def environment(text: str, around: Surroundings = AROUND, **fields: Any) -> Any:
    body = {"compose": {"environment": {"A": text}}}
    return service("a", {"a": component("o/a:1", **body)}, around, **fields)["environment"]["A"]


def test_the_file_names_its_project_and_release() -> None:
    text = rendered({}).text
    assert text.startswith("# Release 3.5.0+mw1,")
    assert yaml.safe_load(text)["name"] == "olmis-uat"


@pytest.mark.parametrize(
    ("image", "mirrors", "reference"),
    [
        (f"openlmis/auth:4.1.0@{DIGEST}", {}, f"openlmis/auth:4.1.0@{DIGEST}"),
        (f"openlmis/auth:4.1.0@{DIGEST}", {"docker.io": "m:5000"}, f"m:5000/openlmis/auth:4.1.0@{DIGEST}"),
        (f"redis:3@{DIGEST}", {"docker.io": "m:5000"}, f"m:5000/library/redis:3@{DIGEST}"),
        (f"redis:3@{DIGEST}", {"quay.io": "m:5000"}, f"redis:3@{DIGEST}"),
        (f"quay.io/x/y:3@{DIGEST}", {"quay.io": "m:5000/q"}, f"m:5000/q/x/y:3@{DIGEST}"),
        ("openlmis/auth:4.1.0", {}, "openlmis/auth:4.1.0"),
    ],
)
def test_images_are_pinned_and_come_from_the_mirror(image: str, mirrors: dict[str, str], reference: str) -> None:
    assert service("a", {"a": component(image)}, replace(AROUND, mirrors=mirrors))["image"] == reference


def test_scalars_keep_their_text_for_every_yaml_reader() -> None:
    assert environment("1.10") == "1.10"
    assert environment("no") == "no"


def test_variables_come_from_the_instance_then_the_settings_then_the_default() -> None:
    variables = {"X": "default", "Y": None}
    settings = replace(AROUND, settings_values={"X": "settings"})
    assert environment("${X}", variables=variables) == "default"
    assert environment("${X}", settings, variables=variables) == "settings"
    assert (
        environment("a ${X} b", replace(settings, variables={"X": "instance"}), variables=variables) == "a instance b"
    )


def test_only_declared_variables_are_taken_from_the_settings() -> None:
    around = replace(AROUND, settings_values={"SECRET": "s"})
    with pytest.raises(BadInput, match="a: variable SECRET has no value"):
        environment("${SECRET}", around)


def test_every_variable_without_value_is_named_at_the_statement_that_uses_it() -> None:
    origin = {
        "compose.environment.A": Origin(layer="mw", file="mw.yml", line=7),
        "compose.restart": Origin(layer="core", file="core.yml", line=3),
    }
    body = component("o/a:1", compose={"environment": {"A": "${P} ${Q}"}, "restart": "${R}"}, origin=origin)
    with pytest.raises(BadInput) as refused:
        rendered({"a": body}, variables={"P": None, "Q": None, "R": None})
    assert [str(problem.where) for problem in refused.value.problems] == ["core.yml:3", "mw.yml:7", "mw.yml:7"]


@pytest.mark.parametrize(
    ("written", "compose_reads"),
    [("$(id) `x` $1", "$$(id) `x` $$1"), ("pa$$word", "pa$$$$word"), ("$${X}", "$${X}"), ("${X}", "v$$v")],
)
def test_a_dollar_is_kept_from_compose(written: str, compose_reads: str) -> None:
    assert environment(written, replace(AROUND, variables={"X": "v$v"}), variables={"X": None}) == compose_reads


def test_a_dollar_in_a_volumes_declaration_is_kept_from_compose() -> None:
    user = component("o/a:1", compose={"volumes": ["data:/d"]})
    text = rendered({"a": user}, volumes={"data": {"driver_opts": {"device": "/$x"}}}).text
    assert yaml.safe_load(text)["volumes"]["data"] == {"driver_opts": {"device": "/$$x"}}


def test_environment_files_are_the_instances_settings() -> None:
    assert service("a", {"a": component("o/a:1", compose={"env_file": ["settings.env"]})})["env_file"] == [
        "/ws/uat.env"
    ]
    assert service("a", {"a": component("o/a:1", compose={"env_file": "settings.env"})})["env_file"] == ["/ws/uat.env"]


def test_the_front_publishes_nothing_because_the_wall_does() -> None:
    assert "ports" not in service("nginx", {})
    assert service("nginx", {})["expose"] == ["80"]
    assert service("a", {"a": component("o/a:1", compose={"ports": ["1:1"]})})["ports"] == ["1:1"]


def test_what_an_instance_sets_wins_even_for_the_front() -> None:
    around = replace(AROUND, overrides={"nginx": {"ports": ["81:80"]}, "a": {"environment.B": "x", "ports": []}})
    components = {"a": component("o/a:1", compose={"ports": ["1:1"], "environment": {"A": "y"}})}
    assert service("nginx", components, around)["ports"] == ["81:80"]
    body = service("a", components, around)
    assert (body["ports"], body["environment"]) == ([], {"A": "y", "B": "x"})


def shown_path(path: KeyPath) -> Where:
    return Where(file="/".join(map(str, path)))


def test_a_variable_that_only_the_instance_file_uses_is_placed_there() -> None:
    around = replace(AROUND, overrides={"nginx": {"environment.X": "${NOPE}"}}, where=shown_path)
    with pytest.raises(BadInput, match="components/nginx/set: nginx: variable NOPE has no value"):
        rendered({}, around)


def test_an_instance_that_speaks_of_what_is_not_there_is_refused_with_every_place() -> None:
    overrides: dict[str, Any] = {"nginxx": {"ports": []}, "nginx": {"portz": [], "ports.x": "y"}}
    around = replace(AROUND, overrides=overrides, front="ngin", database="dbx", where=shown_path)
    with pytest.raises(BadInput) as refused:
        rendered({}, around)
    assert [str(problem).partition(" ")[0] for problem in refused.value.problems] == [
        "components/nginx/set/ports.x:",
        "components/nginx/set/portz:",
        "components/nginxx:",
        "database/component:",
        "wall/component:",
    ]


def test_services_restart_always_unless_they_say_otherwise_or_run_once() -> None:
    components = {
        "a": component("o/a:1"),
        "b": component("o/b:1", compose={"restart": "on-failure"}),
        "c": component("o/c:1", role="config"),
        "e": component("o/e:1", role="extension"),
    }
    services = yaml.safe_load(rendered(components).text)["services"]
    assert [services[name].get("restart") for name in "abce"] == ["always", "on-failure", None, None]


def test_a_new_image_of_a_one_shot_component_fills_a_new_volume() -> None:
    def of(tag: str) -> Any:
        config = component(f"o/config:{tag}@{DIGEST}", role="config", compose={"volumes": ["conf:/config"]})
        user = component(
            "o/a:1", compose={"volumes": ["conf:/c:ro", {"type": "volume", "source": "conf", "target": "/d"}]}
        )
        return rendered({"config": config, "a": user}, volumes={"conf": {"labels": {"x": "y"}}})

    old, new = of("1.0.0"), of("1.0.1")
    parsed = yaml.safe_load(old.text)
    assert parsed["volumes"] == {"conf-1.0.0-aaaaaaaa": {"labels": {"x": "y"}}}
    mounts = ["conf-1.0.0-aaaaaaaa:/c:ro", {"type": "volume", "source": "conf-1.0.0-aaaaaaaa", "target": "/d"}]
    assert parsed["services"]["a"]["volumes"] == mounts
    assert old.configs["a"] != new.configs["a"]
    assert old.configs["nginx"] == new.configs["nginx"]


def test_an_external_volume_and_one_that_holds_data_keep_their_names() -> None:
    config = component("o/config:1", role="config", compose={"volumes": ["conf:/config"]})
    db = component("o/db:1", role="database", compose={"volumes": ["pgdata:/data"]})
    volumes = {"conf": {"external": "true"}, "pgdata": {}, "unused": {}}
    text = rendered({"config": config, "db": db}, volumes=volumes).text
    assert list(yaml.safe_load(text)["volumes"]) == ["conf", "pgdata"]


def test_the_label_stands_for_the_configuration_and_nothing_else() -> None:
    def label(image: str = "o/a:1", around: Surroundings = AROUND, **compose: Any) -> str:
        made = rendered({"a": component(image, compose=compose)}, around)
        assert yaml.safe_load(made.text)["services"]["a"]["labels"][CONFIG_LABEL] == made.configs["a"]
        return made.configs["a"]

    plain = label(restart="no", init="true")
    assert len(plain) == 16
    assert label(init="true", restart="no") == plain
    assert label("o/a:2", restart="no", init="true") == plain
    assert label(restart="no", init="false") != plain
    other_settings = replace(AROUND, settings_fingerprint="two", settings_file="/elsewhere/uat.env")
    assert label(around=other_settings, restart="no", init="true") == plain
    assert label(env_file=["s"]) != label(around=other_settings, env_file=["s"])
    assert label(env_file=["s"]) == label(around=replace(AROUND, settings_file="/elsewhere"), env_file=["s"])


def test_the_same_release_gives_the_same_bytes() -> None:
    assert rendered({"a": component("o/a:1")}) == rendered({"a": component("o/a:1")})


PASSWORD = "p\"a's$s\\w %o&rd"
SECRET = replace(AROUND, settings_values={"DB_PASSWORD": PASSWORD, "HOST": "db$"}, secrets={"DB_PASSWORD": "one"})
DECLARED: dict[str, Any] = {"variables": {"DB_PASSWORD": None, "HOST": None}}


def test_a_secret_setting_is_referred_to_and_never_written() -> None:
    text = environment("postgresql://u:${DB_PASSWORD}@${HOST}/$x", SECRET, **DECLARED)
    assert text == "postgresql://u:${SETTING_DB_PASSWORD:?it stands in the settings file}@db$$/$$x"


def test_a_file_that_refers_to_secrets_says_where_they_are() -> None:
    body = {"compose": {"command": ["--pass", "${DB_PASSWORD}"]}}
    text = rendered({"a": component("o/a:1", **body)}, SECRET, **DECLARED).text
    assert PASSWORD not in text
    assert yaml.safe_load(text)["x-settings"] == "/ws/uat.env"
    assert secrets_referred_to(text) == {"DB_PASSWORD"}
    assert "x-settings" not in rendered({}).text


def test_another_value_of_a_secret_is_another_configuration() -> None:
    components = {
        "a": component("o/a:1", compose={"environment": {"A": "${DB_PASSWORD}"}}),
        "b": component("o/b:1", compose={"environment": {"A": "${HOST}"}}),
    }
    one = rendered(components, SECRET, **DECLARED).configs
    other = rendered(components, replace(SECRET, secrets={"DB_PASSWORD": "two"}), **DECLARED).configs
    assert one["a"] != other["a"]
    assert one["b"] == other["b"]


@pytest.mark.parametrize(
    ("path", "text"),
    [("A_PASSWORD", "open-sesame"), ("URL", "postgresql://u:open-sesame@db/x"), ("OPTS", "--password open-sesame")],
)
def test_a_secret_that_stands_in_a_manifest_is_refused_by_its_name(path: str, text: str) -> None:
    around = replace(SECRET, settings_values={"DB_PASSWORD": "open-sesame"})
    with pytest.raises(BadInput, match="holds the value of DB_PASSWORD") as refused:
        service("a", {"a": component("o/a:1", compose={"environment": {path: text}})}, around)
    assert "open-sesame" not in str(refused.value)
    assert "${DB_PASSWORD}" in str(refused.value)


def test_a_secret_that_stands_under_the_variables_of_an_instance_is_refused() -> None:
    around = replace(
        SECRET, variables={"DB_PASSWORD": PASSWORD}, where=lambda path: Where(file="uat.yml", line=len(path))
    )
    with pytest.raises(BadInput, match=r"uat\.yml:2: DB_PASSWORD holds the value of DB_PASSWORD"):
        rendered({}, around)


def test_a_weak_password_that_is_an_ordinary_word_elsewhere_stands_in_nobodys_way() -> None:
    around = replace(SECRET, settings_values={"DB_PASSWORD": "postgres"})
    assert environment("jdbc:postgresql://db/x?user=postgres", around) == "jdbc:postgresql://db/x?user=postgres"
