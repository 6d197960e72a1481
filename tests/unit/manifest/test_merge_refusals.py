"""What a merge refuses: everything at once, each with its place, conflicts with both."""

import pytest

from olmis_release.manifest.merge import Override
from tests.fakes.manifest import CORE, HEAD, complaints, problems

AT = "extensions/mw.yml:5"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("authh: {pin: 1.0.0}", [f"{AT}:", "no component authh", "Did you mean `auth`?", "auth, log, report"]),
        ("absent: {remove: true}", [f"{AT}:", "no component absent", "There are: auth, log, report"]),
        ("auth: {add: {image: mw/auth:1}}", [f"{AT}:", "auth cannot be added", "core/3.5.0.yml:7:3 has it already"]),
        ("auth: {}", [f"{AT}:", "says nothing", "Say one of replace"]),
        ("auth: {reason: because}", [f"{AT}:", "says nothing"]),
        (
            "auth: {pin: 1.0.0, replace: {image: a/b:1}}",
            [f"{AT}:", "replace and pin cannot both hold", "the other stands in extensions/mw.yml:5"],
        ),
        (
            "auth: {remove: true, set: {restart: 'no'}}",
            [f"{AT}:", "remove (extensions/mw.yml:5:18) and set do not go together"],
        ),
        ("x: {add: {image: a/b:1}, set: {restart: 'no'}}", [f"{AT}:", "Write the body inside `add`"]),
        ("auth: {set: {environmnt.A: x}}", [f"{AT}:", "no key of a Compose service", "Did you mean `environment`?"]),
        ("auth: {set: {image: x}}", [f"{AT}:", "`image` does not belong in a body", "`pin` or `replace`"]),
        ("auth: {set: {environment.: x}}", [f"{AT}:", "empty part"]),
        ("auth: {set: {volumes.x: y}}", [f"{AT}:", "`volumes` is a list", "Set the whole"]),
        ("x: {add: {image: a/b:1, compose: {comand: y}}}", [f"{AT}:", "Did you mean `command`?"]),
        ("auth: {replace: {image: 'Not An Image'}}", [f"{AT}:", "is not an image", "openlmis/requisition:7.1.0"]),
        ("auth: {replace: {image: 'a/b:'}}", [f"{AT}:", "is not an image"]),
        ("auth: {replace: {image: 'a/b:1@sha256:abc'}}", [f"{AT}:", "is not an image"]),
        ("auth: {replace: {image: a/b:1, provides: report 1}}", [f"{AT}:", "stands in for auth"]),
        ("auth: {set: {environment.A: '${NOPE}'}}", [f"{AT}:", "variable NOPE is not defined", "Declare it"]),
        ("auth: {set: {environment.A: '${profile}'}}", [f"{AT}:", "Did you mean `profiles`?"]),
        ("auth: {set: {environment.A: '${A:-x}'}}", [f"{AT}:", "`${A:-x}` is no variable reference"]),
        ("auth: {set: {environment.A: '${'}}", [f"{AT}:", "`${` is no variable reference"]),
        ("auth: {set: {environment: [A]}}", [f"{AT}:", "from the shell that runs Compose"]),
        ("auth: {set: {environment.A B: x}}", [f"{AT}:", "'A B' is no name of an environment variable"]),
        ("auth: {set: {environment.LD_PRELOAD: x}}", [f"{AT}:", "'LD_PRELOAD' would change how programs are loaded"]),
        ("auth: {set: {environment.COMPOSE_FILE: x}}", [f"{AT}:", "'COMPOSE_FILE' would change"]),
        ('auth: {set: {environment.A: "x\\ny"}}', [f"{AT}:", "'A' holds a line break"]),
        ("auth: {set: {environment: {A: [x]}}}", [f"{AT}:", "'A' must be text"]),
        ("auth: {set: {volumes: [confg:/x]}}", [f"{AT}:", "volume confg, which nobody declares", "`config`?"]),
        ("auth: {set: {depends_on: log}}", [f"{AT}:28", "auth.depends_on must be a list of texts or a mapping"]),
        ("auth: {set: {restart: [always]}}", [f"{AT}:16", "auth.restart must be text, not a list"]),
        ("auth: {set: {healthcheck.tset: x}}", [f"{AT}:", "unknown key", "Did you mean `test`?"]),
        ("x: {add: {image: a/b:1, compose: {ports: 80}}}", [f"{AT}:", "x.ports must be a list"]),
        ("auth: {set: {networks: [other]}}", [f"{AT}:", "joins network other"]),
        ("auth: {set: {depends_on: [logg]}}", [f"{AT}:", "depends on logg", "Did you mean `log`?"]),
        ("report: {set: {depends_on: [auth]}}", ["wait for each other: auth -> report -> auth", AT]),
        ("report: {replace: {as: auth, image: a/b:1}}", [f"{AT}:", "two components are named auth", "3.5.0.yml:8:12"]),
        ("x: {add: {image: a/b:1, consul: auth}}", [f"{AT}:", "registry name auth, and so has auth", "3.5.0.yml:9:13"]),
        ("x: {add: {image: a/b:1, schema: auth}}", [f"{AT}:", "database schema auth", "3.5.0.yml:10:13"]),
        ("auth: {attach: {module: log, image: a/b:1}}", [f"{AT}:", "module log cannot be attached", "3.5.0.yml:22:3"]),
    ],
)
def test_a_statement_that_cannot_hold_is_refused_with_its_place_and_the_remedy(
    statement: str, words: list[str]
) -> None:
    (told,) = complaints(statement)
    assert [word for word in words if word not in told] == []


def test_what_yaml_may_take_for_text_or_not_is_taken_as_compose_needs_it() -> None:
    body = "ports: ['80:80', 81], cpus: '2', privileged: true, mem_limit: 1g, command: null, restart: no, init: 'false'"
    more = "healthcheck: {test: [CMD, x], retries: 3, disable: false}, logging: {driver: x, options: {a: 1}}"
    assert complaints(f"auth: {{set: {{{body}, {more}}}}}") == []


def test_everything_wrong_is_told_in_one_run_in_the_order_of_the_file() -> None:
    lines = ["authh: {pin: 1.0.0}", "log: {}", "report: {set: {comand: x}}", "auth: {set: {environment.A: '${B} ${C'}}"]
    found = problems("\n".join(lines))
    assert [problem.code for problem in found] == [
        "E-UNKNOWN-COMPONENT",
        "E-NO-VERB",
        "E-COMPOSE-KEY",
        "E-VARIABLE",
        "E-UNDEFINED-VARIABLE",
    ]
    assert [problem.where.line for problem in found if problem.where] == [5, 6, 7, 8, 8]


def test_a_statement_about_a_new_name_points_to_the_core_name() -> None:
    told = complaints("report: {replace: {as: reports, image: a/b:1}}\nreports: {set: {restart: 'no'}}")
    where = "extensions/mw.yml:6:3: reports is the new name of report, given in extensions/mw.yml:5:42."
    assert told == [f"{where} State it under `report`."]


def test_what_core_builds_needs_an_image_from_the_extension() -> None:
    core = CORE.replace("image: openlmis/rsyslog:1", "build: ./log")
    why = "log is built by Core from ./log; a release needs a finished image."
    advice = "Replace it with an image in the extension."
    assert complaints("", core_text=core) == [f"core/3.5.0.yml:23:12: {why} {advice}"]
    assert complaints("log: {pin: '1', reason: x}", core_text=core)[1].endswith(
        "no image to pin. Replace it with an image."
    )
    assert complaints("log: {replace: {image: mw/log:1}}", core_text=core) == []
    assert complaints("log: {remove: true, reason: x}", core_text=core) == []


def test_a_component_with_neither_image_nor_build_is_refused() -> None:
    (told,) = complaints("", core_text=CORE.replace("    image: openlmis/rsyslog:1\n", ""))
    assert told.startswith("core/3.5.0.yml:22:3: log has neither image nor build.")


def test_an_extension_for_other_core_releases_is_refused_at_its_range() -> None:
    head = HEAD.replace(">=3.5.0,<3.6.0", ">=3.6.0")
    assert complaints("log: {pin: '2', reason: x}", head=head)[0].startswith(
        "extensions/mw.yml:3:7: this extension is for Core >=3.6.0, not 3.5.0."
    )


def test_a_volume_declared_in_two_ways_is_a_conflict_of_two_places() -> None:
    head = HEAD + "volumes: {config: {external: true}}\n"
    (told,) = complaints("log: {pin: '2', reason: x}", head=head)
    assert told.startswith("extensions/mw.yml:4:11: volume config is declared differently in core/3.5.0.yml:5:11.")


def test_a_network_declared_in_two_ways_is_a_conflict_of_two_places() -> None:
    core = CORE.replace("volumes: {config: {}}", "volumes: {config: {}}\nnetworks: {n: {}}")
    head = HEAD + "networks: {n: {external: true}}\n"
    (told,) = complaints("log: {pin: '2', reason: x}", head=head, core_text=core)
    assert told.startswith("extensions/mw.yml:4:12: network n is declared differently in core/3.5.0.yml:6:12.")


def test_a_release_of_nothing_is_refused() -> None:
    gone = "\n".join(f"{name}: {{remove: true, reason: x}}" for name in ("auth", "report", "log"))
    (told,) = complaints(gone)
    assert told.startswith("extensions/mw.yml:4:1: no component is left.")


def test_a_module_needs_a_volume_of_its_own() -> None:
    core = CORE.replace("volumes: {config: {}}", "volumes: {config: {external: true}}")
    (told,) = complaints("auth: {attach: {module: config, image: a/b:1}}", core_text=core)
    assert told.startswith(
        "extensions/mw.yml:5:27: module config fills a volume of its name, which core/3.5.0.yml:5:11"
    )


def test_a_volume_both_declared_and_replaced_is_a_conflict_of_two_places() -> None:
    head = HEAD + "volumes: {config: {}}\nreplace_volumes: {config: {external: true}}\n"
    (told,) = complaints("log: {pin: '2', reason: x}", head=head)
    assert told.startswith("extensions/mw.yml:5:19: volume config is declared in extensions/mw.yml:4:11 and replaced")


def test_who_shares_the_network_of_what_is_left_out_is_named_with_both_places() -> None:
    core = CORE.replace("depends_on: [log, report]", "network_mode: service:log")
    (told,) = complaints("log: {remove: true, reason: x}", core_text=core)
    assert told.startswith(
        "core/3.5.0.yml:16:21: auth depends on log (`network_mode`), which extensions/mw.yml:5 leaves out."
    )


def test_a_dependency_that_may_be_absent_may_be_absent() -> None:
    assert complaints("auth: {set: {depends_on: {scalyr: {condition: service_started, required: false}}}}") == []


@pytest.mark.parametrize(
    ("override", "words"),
    [
        (Override(component="authh", tag="1"), "--set authh=1: there is no component authh. Did you mean `auth`?"),
        (Override(component="auth", tag="1 --pull"), "--set auth=1 --pull: '1 --pull' is not an image tag."),
    ],
)
def test_the_command_line_is_as_strict(override: Override, words: str) -> None:
    (told,) = complaints("", override)
    assert told.startswith(words)
