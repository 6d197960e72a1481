"""What each verb does to a release, and that every value says where it comes from."""

from olmis_release.manifest.merge import Override
from olmis_release.manifest.model import Role
from tests.fakes.manifest import CORE, HEAD, MW_FILE, merged


def test_core_alone_is_a_release_that_says_where_each_value_stands() -> None:
    manifest = merged().manifest
    assert (manifest.core, manifest.extension, list(manifest.components)) == ("3.5.0", None, ["auth", "log", "report"])
    origin = manifest.components["auth"].origin
    assert origin["image"].line == 8
    assert origin["compose.environment.JAVA_OPTS"].line == 13
    assert {entry.layer for entry in origin.values()} == {"core"}
    assert not manifest.pinned


def test_a_replaced_image_keeps_the_body_and_says_what_it_beat() -> None:
    auth = merged("auth: {replace: {image: mw/auth:1.0.0}, reason: own log-in}").manifest.components["auth"]
    assert (str(auth.image), auth.consul, auth.schema_name) == ("mw/auth:1.0.0", "auth", "auth")
    assert "environment" in auth.compose
    won = auth.origin["image"]
    assert (won.layer, won.file, won.line, won.reason) == ("mw", MW_FILE, 5, "own log-in")
    assert [(beaten.layer, beaten.value, beaten.line) for beaten in won.beat] == [("core", "openlmis/auth:4.1.0", 8)]


def test_a_replacement_under_another_name_takes_the_dependencies_along() -> None:
    manifest = merged("report: {replace: {as: reports, image: mw/reports:1.0.5, provides: report 1.1.2}}").manifest
    reports = manifest.components["reports"]
    assert (reports.replaces, reports.consul, reports.schema_name) == ("report", "report", "report")
    assert "report" not in manifest.components
    assert manifest.components["auth"].compose["depends_on"] == ["log", "reports"]
    assert manifest.components["auth"].origin["compose.depends_on"].layer == "mw"
    assert manifest.dropped["auth.depends_on.report"].reason == "report is now reports"


def test_what_is_removed_takes_its_dependency_edges_away_and_both_are_recorded() -> None:
    manifest = merged("log: {remove: true, reason: logs go elsewhere}").manifest
    assert sorted(manifest.dropped) == ["auth.depends_on.log", "log", "report.depends_on.log"]
    assert manifest.dropped["log"].reason == "logs go elsewhere"
    assert manifest.components["auth"].compose["depends_on"] == ["report"]
    assert "depends_on" not in manifest.components["report"].compose
    assert not any(path.startswith("compose.depends_on") for path in manifest.components["report"].origin)


def test_two_components_may_swap_their_names() -> None:
    text = "report: {replace: {as: log, image: mw/a:1}}\nlog: {replace: {as: report, image: mw/b:1}}"
    components = merged(text).manifest.components
    assert components["auth"].compose["depends_on"] == ["report", "log"]
    assert components["log"].compose["depends_on"] == {"report": {"condition": "service_started"}}


LINKED = CORE.replace("depends_on: [log, report]", "links: [log, 'report:r']\n      network_mode: service:report")


def test_what_is_removed_is_no_longer_linked_to_either() -> None:
    auth = merged("log: {remove: true, reason: x}", core_text=LINKED).manifest.components["auth"]
    assert auth.compose["links"] == ["report:r"]
    assert auth.origin["compose.links"].layer == "mw"


def test_links_and_a_shared_network_follow_a_new_name_and_the_old_host_name_still_answers() -> None:
    text = "report: {replace: {as: reports, image: mw/a:1}}\nlog: {replace: {as: logs, image: mw/b:1}}"
    auth = merged(text, core_text=LINKED).manifest.components["auth"]
    assert auth.compose["links"] == ["logs:log", "reports:r"]
    assert auth.compose["network_mode"] == "service:reports"


def test_volumes_networks_and_variables_say_where_they_come_from() -> None:
    head = HEAD + "variables: {profiles: production}\nreplace_volumes: {config: {external: true}}\n"
    manifest = merged("auth: {set: {networks: [n]}}", head=head + "networks: {n: {}}\n").manifest
    said = {
        path: (origin.layer, origin.line, [one.value for one in origin.beat])
        for path, origin in manifest.origin.items()
    }
    assert said == {
        "networks.n": ("mw", 6, []),
        "variables.profiles": ("mw", 4, ["no default"]),
        "volumes.config": ("mw", 5, ["{}"]),
    }


def test_a_pin_changes_the_tag_and_keeps_the_repository() -> None:
    auth = merged("auth: {pin: 4.1.1-hotfix.1, reason: MW-812}").manifest.components["auth"]
    assert (str(auth.image), auth.expected_version) == ("openlmis/auth:4.1.1-hotfix.1", "4.1.1-hotfix.1")
    assert auth.origin["image"].reason == "MW-812"


def test_a_set_value_wins_alone_and_remembers_what_stood_there() -> None:
    auth = merged("auth: {set: {environment.JAVA_OPTS: -Xmx1g}, reason: many users}").manifest.components["auth"]
    assert auth.compose["environment"] == {"JAVA_OPTS": "-Xmx1g", "PROFILES": "${profiles}"}
    won = auth.origin["compose.environment.JAVA_OPTS"]
    assert (won.layer, won.reason, won.beat[0].value) == ("mw", "many users", "-Xmx512m")
    assert auth.origin["compose.environment.PROFILES"].layer == "core"


def test_a_key_of_the_environment_may_hold_dots() -> None:
    auth = merged("auth: {set: {environment.spring.datasource.url: x}}").manifest.components["auth"]
    assert auth.compose["environment"]["spring.datasource.url"] == "x"  # type: ignore[call-overload,index]
    assert auth.origin["compose.environment.spring.datasource.url"].layer == "mw"


def test_a_set_list_replaces_the_whole_list() -> None:
    auth = merged("auth: {set: {volumes: [config:/other]}}").manifest.components["auth"]
    assert auth.compose["volumes"] == ["config:/other"]


def test_a_set_mapping_replaces_the_whole_mapping_with_a_note_for_each_key() -> None:
    auth = merged("auth: {set: {environment: {NEW: x}}}").manifest.components["auth"]
    assert auth.compose["environment"] == {"NEW": "x"}
    assert sorted(path for path in auth.origin if "environment" in path) == ["compose.environment.NEW"]


def test_an_environment_written_as_a_list_is_the_same_mapping() -> None:
    manifest = merged("extra: {add: {image: mw/x:1, compose: {environment: [A=1=2, B=]}}}").manifest
    assert manifest.components["extra"].compose["environment"] == {"A": "1=2", "B": ""}
    assert manifest.components["extra"].origin["compose.environment.A"].layer == "mw"


def test_an_added_component_is_all_the_extensions() -> None:
    manifest = merged("extra: {add: {image: mw/x:1.0, role: ui, consul: x}, reason: why}").manifest
    extra = manifest.components["extra"]
    assert (extra.role, extra.consul, extra.schema_name) == (Role.UI, "x", None)
    assert {entry.layer for entry in extra.origin.values()} == {"mw"}
    assert extra.origin["image"].reason == "why"


def test_an_attached_module_shares_a_volume_with_its_host_which_waits_for_it() -> None:
    manifest = merged("auth: {attach: {module: mw-ext, image: mw/ext:1.0.0, mount: /extensions}}").manifest
    module, host = manifest.components["mw-ext"], manifest.components["auth"]
    assert (module.role, module.host, module.compose) == (Role.EXTENSION, "auth", {"volumes": ["mw-ext:/extensions"]})
    assert host.compose["volumes"] == ["config:/config", "mw-ext:/extensions"]
    assert host.compose["depends_on"] == ["log", "report", "mw-ext"]
    assert "mw-ext" in manifest.volumes
    assert host.origin["compose.volumes"].beat[0].layer == "core"


def test_a_module_is_attached_to_its_host_under_the_hosts_new_name() -> None:
    verbs = "report: {replace: {as: reports, image: mw/reports:1.0}, attach: {module: ext, image: mw/e:1}}"
    manifest = merged(verbs).manifest
    assert manifest.components["ext"].host == "reports"
    assert manifest.components["reports"].compose["depends_on"] == {
        "log": {"condition": "service_started"},
        "ext": {"condition": "service_started"},
    }


def test_an_optional_statement_about_nothing_is_no_error() -> None:
    assert list(merged("absent: {remove: true, optional: true}").manifest.components) == ["auth", "log", "report"]


def test_the_command_line_has_the_last_word_and_remembers_every_layer_it_beat() -> None:
    override = Override(component="auth", tag="4.1.2", reason="incident 7")
    auth = merged("auth: {pin: 4.1.1, reason: MW-812}", override).manifest.components["auth"]
    won = auth.origin["image"]
    assert (won.layer, won.file, won.line, won.reason) == ("command line", "--set auth=4.1.2", 0, "incident 7")
    assert [(beaten.layer, beaten.value) for beaten in won.beat] == [
        ("mw", "openlmis/auth:4.1.1"),
        ("core", "openlmis/auth:4.1.0"),
    ]


def test_the_command_line_may_use_the_new_name_of_a_component() -> None:
    replaced = "report: {replace: {as: reports, image: mw/reports:1.0.5}}"
    assert str(merged(replaced, Override(component="reports", tag="1.0.6")).manifest.components["reports"].image) == (
        "mw/reports:1.0.6"
    )


def test_variables_that_nothing_uses_any_more_go_with_those_that_used_them() -> None:
    assert merged().manifest.variables == {"profiles": None}
    assert merged("auth: {set: {environment: {A: x}}}").manifest.variables == {}


def test_an_extension_may_give_cores_variable_a_default() -> None:
    head = HEAD + "variables: {profiles: production}\n"
    assert merged("log: {pin: '2', reason: x}", head=head).manifest.variables == {"profiles": "production"}


def test_mutable_images_and_deviations_without_reason_are_warned_about() -> None:
    text = "auth: {pin: 4.2.0-SNAPSHOT}\nlog: {replace: {image: mw/log}}\nreport: {remove: true}"
    assert [(problem.code, problem.where.line if problem.where else 0) for problem in merged(text).warnings] == [
        ("W-REASON", 5),
        ("W-SNAPSHOT-TAG", 5),
        ("W-UNTAGGED-IMAGE", 6),
        ("W-REASON", 7),
    ]


def test_a_digest_in_the_file_fixes_what_its_tag_means() -> None:
    assert merged(f"log: {{replace: {{image: 'mw/log@sha256:{'a' * 64}'}}}}").warnings == ()


def test_a_fork_that_lags_behind_core_is_warned_about() -> None:
    warnings = merged("report: {replace: {image: mw/reports:1.0, provides: report 1.1.1}}").warnings
    assert [problem.code for problem in warnings] == ["W-PROVIDES"]


def test_a_pin_on_what_core_has_already_and_a_variable_in_vain_are_warned_about() -> None:
    head = HEAD + "variables: {UNUSED: x}\n"
    warnings = merged("auth: {pin: 4.1.0, reason: x}", head=head).warnings
    assert [problem.code for problem in warnings] == ["W-UNUSED-VARIABLE", "W-PIN-SAME"]
