from __future__ import annotations

from lab.scalars import with_scalars

FILE = """\
# what it is
kind: instance
url: http://one
wall:
  image: nginx
  publish: "80"

  message: >-
    over
    two lines
smoke:
  - {name: a}
"""


def test_a_value_is_replaced_where_it_stands() -> None:
    assert with_scalars(FILE, {("wall", "publish"): '"90"'}) == FILE.replace('"80"', '"90"')


def test_a_value_of_several_lines_is_replaced_as_a_whole() -> None:
    text = with_scalars(FILE, {("wall", "message"): "short"})
    assert "  message: short\nsmoke:" in text
    assert "two lines" not in text


def test_a_missing_key_is_added_at_the_end_of_its_block() -> None:
    assert "two lines\n  port: 81\nsmoke:" in with_scalars(FILE, {("wall", "port"): "81"})


def test_missing_blocks_are_added_at_the_end() -> None:
    text = with_scalars(FILE, {("timeouts", "ready_s"): "9", ("timeouts", "hook_s"): "3"})
    assert text == f"{FILE}timeouts:\n  ready_s: 9\n  hook_s: 3\n"
