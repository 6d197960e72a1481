"""What happens to each component, and why."""

from __future__ import annotations

from dataclasses import replace

from olmis_release.manifest.model import ComposeBody, ReleaseManifest, Role
from olmis_release.plan.model import Action, Change
from olmis_release.plan.planner import Situation, plan_changes
from tests.fakes.plan import a_component, a_release, changed, digest, going, with_tag

OLD = a_release("3.4.1+mw1")
REQUISITION = OLD.components["requisition"]


def decided(situation: Situation) -> dict[str, tuple[Action, tuple[str, ...]]]:
    return {one.component: (one.action, one.reasons) for one in plan_changes(situation)}


def moved(situation: Situation) -> dict[str, tuple[Action, tuple[str, ...]]]:
    return {name: entry for name, entry in decided(situation).items() if entry[0] is not Action.KEEP}


def the(component: str, situation: Situation) -> Change:
    return next(one for one in plan_changes(situation) if one.component == component)


def test_the_same_release_again_keeps_everything() -> None:
    kept = dict.fromkeys(OLD.components, (Action.KEEP, ("unchanged",)))
    assert decided(going(OLD, changed(OLD, "3.4.1+mw2"))) == kept


def test_a_new_tag_replaces_that_component_only() -> None:
    new = changed(OLD, "3.5.0+mw1", requisition=with_tag(REQUISITION, "7.1.1-hotfix.1"))
    assert moved(going(OLD, new)) == {"requisition": (Action.REPLACE, ("image 7.1.0 -> 7.1.1-hotfix.1",))}


def test_a_tag_that_was_pushed_again_is_a_change() -> None:
    image = REQUISITION.image.model_copy(update={"digest": digest("pushed again")})
    new = changed(OLD, "3.4.1+mw2", requisition=REQUISITION.model_copy(update={"image": image}))
    assert moved(going(OLD, new)) == {
        "requisition": (Action.REPLACE, ("image openlmis/requisition:7.1.0: same tag, other content",))
    }


def test_another_repository_is_named_whole() -> None:
    new = changed(
        OLD, "3.4.1+mw2", ui=a_component("openlmis/reference-ui:5.1.1", role=Role.UI, consul="mw-reference-ui")
    )
    assert moved(going(OLD, new))["ui"][1] == ("image openlmismw/ui:1.1.0 -> openlmis/reference-ui:5.1.1",)


def test_changed_environment_is_named_without_its_values() -> None:
    body = {"env_file": ["settings.env"], "environment": {"JAVA_OPTS": "-Xmx1536m", "SECRET": "s3cret"}}
    new = changed(OLD, "3.4.1+mw2", requisition=REQUISITION.model_copy(update={"compose": body}))
    reasons = ("environment JAVA_OPTS added", "environment SECRET added")
    assert moved(going(OLD, new)) == {"requisition": (Action.REPLACE, reasons)}


def test_a_changed_settings_file_replaces_whatever_reads_it() -> None:
    old = changed(OLD, "3.4.1+mw1", nginx=a_component("openlmis/nginx:6", compose={"expose": ["80"]}))
    readers = old.components.keys() - {"nginx"}
    replaced = dict.fromkeys(readers, (Action.REPLACE, ("settings file changed",)))
    assert moved(going(old, old, settings="second")) == replaced


def test_a_container_that_this_tool_did_not_configure_is_replaced() -> None:
    situation = going(OLD, OLD)
    foreign = {**situation.running, "ui": replace(situation.running["ui"], config=None)}
    assert moved(replace(situation, running=foreign)) == {
        "ui": (Action.REPLACE, ("its configuration is unknown to olmis-release",))
    }


def test_a_container_that_somebody_reconfigured_is_replaced() -> None:
    situation = going(OLD, OLD)
    by_hand = {**situation.running, "ui": replace(situation.running["ui"], config="feedfeedfeedfeed")}
    assert moved(replace(situation, running=by_hand)) == {
        "ui": (Action.REPLACE, ("it does not run with the configuration that was deployed last",))
    }


def test_a_stopped_container_counts_as_not_running() -> None:
    situation = going(OLD, OLD)
    stopped = {**situation.running, "ui": replace(situation.running["ui"], in_place=False, state="exited with 137")}
    assert moved(replace(situation, running=stopped)) == {
        "ui": (Action.REPLACE, ("it is not running (exited with 137)",))
    }


def test_a_container_that_is_gone_is_put_back_and_can_be_undone() -> None:
    situation = going(OLD, OLD)
    gone = {name: one for name, one in situation.running.items() if name != "ui"}
    change = the("ui", replace(situation, running=gone))
    assert (change.action, change.before) == (Action.REPLACE, "openlmismw/ui:1.1.0")
    assert change.reasons == ("release 3.4.1+mw1 has it, but it has no container",)


def test_components_come_and_go_with_the_release() -> None:
    new = changed(OLD, "3.5.0+mw1", ui=None, reports=a_component("openlmismw/reports:1.0.5", schema_name="report"))
    assert moved(going(OLD, new)) == {
        "reports": (Action.ADD, ("new in release 3.5.0+mw1",)),
        "ui": (Action.REMOVE, ("release 3.5.0+mw1 leaves it out",)),
    }
    assert the("ui", going(OLD, new)).consul == "mw-reference-ui"


def test_a_new_consul_restarts_everything_that_registers_there() -> None:
    new = changed(OLD, "3.5.0+mw1", consul=with_tag(OLD.components["consul"], "1.1"))
    restarted = (Action.RESTART, ("Consul loses its registrations",))
    assert moved(going(OLD, new)) == {
        "consul": (Action.REPLACE, ("image 1.0 -> 1.1",)),
        "requisition": restarted,
        "stockmanagement": restarted,
        "ui": restarted,
    }


def test_a_first_deploy_adds_everything() -> None:
    assert set(decided(going(None, OLD)).values()) == {(Action.ADD, ("first deploy",))}


def with_module(tag: str) -> ReleaseManifest:
    mount: ComposeBody = {"volumes": ["extensions:/extensions"]}
    image = f"openlmismw/extensions:{tag}"
    module = a_component(image, compose=mount, role=Role.EXTENSION, host="stockmanagement")
    host = OLD.components["stockmanagement"].model_copy(update={"compose": mount})
    return changed(OLD, f"3.4.1+mw{tag[2]}", modules=module, stockmanagement=host)


def test_a_module_whose_image_changes_replaces_its_host_and_says_so() -> None:
    situation = going(with_module("1.1.0"), with_module("1.2.0"))
    assert moved(situation)["stockmanagement"] == (
        Action.REPLACE,
        ("volumes changed", "its extension module modules image 1.1.0 -> 1.2.0"),
    )
