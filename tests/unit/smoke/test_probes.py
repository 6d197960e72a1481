"""Each kind of smoke test by itself."""

from datetime import timedelta
from typing import Any

import pytest

from olmis_release.instance.ports import Answer, ContainerStatus
from olmis_release.manifest.model import Role
from olmis_release.smoke.asking import no_answer
from olmis_release.smoke.model import ProbeResult, Scene, containers_of
from olmis_release.smoke.probes.containers import containers
from olmis_release.smoke.probes.declared import declared, value_at
from olmis_release.smoke.probes.ui_answers import ui_answers
from olmis_release.smoke.probes.versions import versions
from tests.fakes.instance import STARTED, an_answer
from tests.fakes.preflight import Place, a_component, a_release, an_instance

NO_ANSWER = an_answer(0, error="ConnectionError: HTTPConnectionPool(…): [Errno 111] Connection refused")
PAGE = an_answer(text="<!doctype html><HTML lang=en></html>")


def scene(place: Place) -> Scene:
    return Scene(site=place.site, manifest=place.manifest, before=containers_of(place.site))


def version(number: str) -> Answer:
    return an_answer(json={"service": "x", "version": number})


def failed(results: list[ProbeResult]) -> dict[str, str]:
    return {result.name: result.message for result in results if not result.ok}


def test_every_component_with_a_version_endpoint_is_asked(place: Place) -> None:
    place.front.prepare("GET", "/auth", version("4.0.0"))
    place.front.prepare("GET", "/requisition", version("7.1.0"))
    results = list(versions(scene(place)))
    assert [(one.name, one.ok) for one in results] == [("version of auth", True), ("version of requisition", True)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (version("7.0.9"), "expected 7.1.0 at /requisition, got 7.0.9"),
        (an_answer(502), "expected 7.1.0 at /requisition, got 502"),
        (an_answer(500, json={"version": "7.1.0"}), "expected 7.1.0 at /requisition, got 500"),
        (an_answer(text="<html>"), "expected 7.1.0 at /requisition, got 200 without a version"),
        (NO_ANSWER, "expected 7.1.0 at /requisition, got no answer (connection refused)"),
    ],
)
def test_any_other_answer_than_the_version_fails(place: Place, answer: Answer, said: str) -> None:
    place.front.prepare("GET", "/auth", version("4.0.0"))
    place.front.prepare("GET", "/requisition", answer)
    assert failed(list(versions(scene(place)))) == {"version of requisition": said}


def test_no_answer_is_asked_for_once_more(place: Place) -> None:
    place.front.prepare("GET", "/auth", [NO_ANSWER, version("4.0.0")])
    place.front.prepare("GET", "/requisition", version("7.1.0"))
    assert failed(list(versions(scene(place)))) == {}


def test_a_wrong_answer_is_never_asked_for_again(place: Place) -> None:
    place.front.prepare("GET", "/auth", [an_answer(503), version("4.0.0")])
    place.front.prepare("GET", "/requisition", version("7.1.0"))
    assert list(failed(list(versions(scene(place))))) == ["version of auth"]


def test_a_component_may_report_another_version_than_its_tag(place: Place) -> None:
    place.manifest = a_release(
        auth=a_component("auth", tag="4.0.0-STAGING", consul="auth", reports_version="4.0.0"),
        requisition=a_component("requisition"),
    )
    place.front.prepare("GET", "/auth", version("4.0.0"))
    assert failed(list(versions(scene(place)))) == {}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("ReadTimeout: HTTPConnectionPool(…): Read timed out. (read timeout=3.0)", "no answer (none in time)"),
        ("TimeoutError: the answer did not end in time", "no answer (none in time)"),
        ("SSLError: certificate has expired", "no answer (SSLError: certificate has expired)"),
    ],
)
def test_why_no_answer_came_is_said_in_few_words(error: str, said: str) -> None:
    assert no_answer(an_answer(0, error=error)) == said


@pytest.mark.parametrize("answer", [PAGE, an_answer(302), an_answer(301)])
def test_a_page_or_a_redirect_is_a_user_interface(place: Place, answer: Answer) -> None:
    place.front.prepare("GET", "/", answer)
    assert failed(list(ui_answers(scene(place)))) == {}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (NO_ANSWER, "GET / got no answer (connection refused)"),
        (an_answer(503, text="<html>"), "GET / got 503, expected a page"),
        (an_answer(404), "GET / got 404, expected a page"),
        (an_answer(json={}), "GET / got 200, but no HTML page"),
    ],
)
def test_anything_else_is_no_user_interface(place: Place, answer: Answer, said: str) -> None:
    place.front.prepare("GET", "/", answer)
    assert failed(list(ui_answers(scene(place)))) == {"user interface": said}


def test_a_release_without_a_user_interface_is_not_asked_for_one(place: Place) -> None:
    place.manifest = a_release(ui=a_component("ui", role=Role.SERVICE))
    assert list(ui_answers(scene(place))) == []


def declare(place: Place, **values: Any) -> None:
    place.config = an_instance(smoke=[{"name": "facilities", "path": "/api/facilities", **values}])


def test_a_declared_check_compares_status_and_values(place: Place) -> None:
    declare(place, method="POST", body="{}", expect_status=201, expect_json={"rows.0.code": "HC01", "total": "1"})
    place.front.prepare("POST", "/api/facilities", an_answer(201, json={"rows": [{"code": "HC01"}], "total": 1}))
    (result,) = declared(scene(place))
    assert (result.ok, result.message) == (True, "POST /api/facilities: 201")
    assert place.front.calls == [("POST", "/api/facilities", "{}")]


def test_a_declared_check_says_all_that_is_wrong(place: Place) -> None:
    declare(place, expect_json={"total": "2", "name": "x"}, within_s=0.001)
    place.front.prepare("GET", "/api/facilities", an_answer(500, json={"total": 1}))
    (result,) = declared(scene(place))
    assert result.message == (
        "GET /api/facilities: got 500, expected 200; total is 1, expected 2; name is absent, expected x;"
        " took 0.0 s, allowed are 0.001 s"
    )


def test_a_declared_check_without_an_answer_fails(place: Place) -> None:
    declare(place)
    place.front.prepare("GET", "/api/facilities", NO_ANSWER)
    (result,) = declared(scene(place))
    assert (result.ok, "no answer (connection refused); allowed are 10 s" in result.message) == (False, True)


@pytest.mark.parametrize(
    ("document", "path", "value"),
    [
        ({"a": {"b": True}}, "a.b", "true"),
        ({"a": None}, "a", "null"),
        ({"a": 1.5}, "a", "1.5"),
        ([{"a": "x"}], "0.a", "x"),
        ({"a": [1]}, "a.1", None),
        ({"a": "text"}, "a.b", None),
        (None, "a", None),
        ({"a": {"b": 1}}, "a", '{"b": 1}'),
    ],
)
def test_values_are_found_by_dotted_path(document: object, path: str, value: str | None) -> None:
    assert value_at(document, path) == value


def test_running_containers_and_finished_one_shots_pass(place: Place) -> None:
    place.change_container("extensions", status=ContainerStatus.EXITED)
    assert failed(list(containers(scene(place)))) == {}


@pytest.mark.parametrize(
    ("component", "values", "said"),
    [
        ("auth", {"status": ContainerStatus.RESTARTING, "exit_code": 1}, "restarting (exit code 1), expected running"),
        ("auth", {"status": ContainerStatus.EXITED}, "exited (exit code 0), expected running"),
        ("extensions", {"status": ContainerStatus.EXITED, "exit_code": 3}, "exited (exit code 3), expected running"),
        ("nginx", {"health": "unhealthy"}, "its health check fails"),
    ],
)
def test_a_container_that_does_not_do_its_work_fails(
    place: Place, component: str, values: dict[str, Any], said: str
) -> None:
    place.change_container(component, **values)
    assert failed(list(containers(scene(place)))) == {f"container of {component}": said}


def test_a_health_check_that_the_version_endpoint_contradicts_does_not_count(place: Place) -> None:
    place.change_container("auth", health="unhealthy")
    results = {result.name: result for result in containers(scene(place))}
    assert (results["container of auth"].ok, results["container of auth"].message) == (True, "running, unhealthy")


def test_a_restart_during_the_tests_fails(place: Place) -> None:
    earlier = scene(place)
    place.change_container("auth", restarts=1, started_at=STARTED + timedelta(seconds=9))
    assert failed(list(containers(earlier))) == {
        "container of auth": "it restarted during the tests (restarted by Docker so far: 1)"
    }


def test_a_missing_container_fails(place: Place) -> None:
    del place.engine.all["id-of-auth"]
    assert failed(list(containers(scene(place)))) == {"container of auth": "it has no container"}
