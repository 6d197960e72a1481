from __future__ import annotations

import json

import pytest

from olmis_release.instance.config import WallConfig
from olmis_release.instance.ports import WallState
from olmis_release.instance.wall_config import Shape, configuration, published, wall_files

CONFIG = WallConfig(image="library/nginx:1.22", publish="8080", message="<b>Soon</b> & safe", retry_after_s=45)
RUN_PASS = "a1" * 16


def shape(state: WallState = WallState.CLOSED, run_pass: str = RUN_PASS) -> Shape:
    return Shape(state=state, generation="cafe", run_pass=run_pass)


def test_the_message_is_text_on_the_page_and_in_json() -> None:
    files = wall_files(CONFIG, shape(), instance="uat", stem="next")
    page = files["next.html"][0].decode()
    assert "&lt;b&gt;Soon&lt;/b&gt; &amp; safe" in page
    assert "<b>" not in page
    assert "http" not in page.replace("http-equiv", ""), "the page loads nothing"
    assert json.loads(files["next.json"][0])["message"] == "<b>Soon</b> & safe"


def test_the_configuration_holds_the_pass_and_is_roots_alone() -> None:
    content, mode = wall_files(CONFIG, shape(), instance="uat", stem="next")["next.conf"]
    assert RUN_PASS in content.decode()
    assert mode == 0o600


def test_without_a_pass_there_is_no_way_to_consul() -> None:
    assert "8500" in configuration(CONFIG, shape(), instance="uat")
    assert "8500" not in configuration(CONFIG, shape(run_pass=""), instance="uat")


@pytest.mark.parametrize("run_pass", ["short", "x" * 15, "a" * 129, 'a1a1a1a1a1a1a1a1"; }', "a1a1a1a1a1a1a1a1\n"])
def test_a_pass_that_could_be_guessed_or_misread_is_refused(run_pass: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        shape(run_pass=run_pass)


@pytest.mark.parametrize(
    ("publish", "place"),
    [
        ("80", ("0.0.0.0", 80)),
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:8080", ("::1", 8080)),
        (":9", ("0.0.0.0", 9)),
    ],
)
def test_where_to_publish_is_read(publish: str, place: tuple[str, int]) -> None:
    assert published(publish) == place


@pytest.mark.parametrize("publish", ["", "http", "1:2:x", "0", "127.0.0.1:70000", "80/tcp"])
def test_where_to_publish_must_be_a_port(publish: str) -> None:
    with pytest.raises(ValueError, match="not a port to publish"):
        WallConfig(image="library/nginx:1.22", publish=publish)


def test_the_walls_image_must_be_one() -> None:
    with pytest.raises(ValueError, match="image"):
        WallConfig(image="not an image", publish="80")
