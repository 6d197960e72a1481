"""The readers and the writer of our own files: what comes in, what is refused and where, what goes out."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from olmis_release.errors import BadInput
from olmis_release.yamlio import Document, parse_yaml, read_model, read_yaml, write_yaml


def parsed(text: str | bytes) -> Document:
    return parse_yaml(text if isinstance(text, bytes) else text.encode(), shown_as="f.yml")


def refusal(text: str | bytes) -> str:
    with pytest.raises(BadInput) as refused:
        parsed(text)
    return str(refused.value)


@pytest.mark.parametrize(
    "text", ["1.10", "010", "1:30", "3_4", "no", "true", "2019-01-01", "0x10", ".inf", "-1e3", "=", "yes"]
)
def test_every_scalar_stays_the_text_that_was_written(text: str) -> None:
    assert parsed(f"a: {text}\nb: [{text}]").data == {"a": text, "b": [text]}


def test_null_is_the_empty_text_and_remembered_as_null() -> None:
    document = parsed('a:\nb: ~\nc: null\nd: ""\n')
    assert document.data == dict.fromkeys("abcd", "")
    assert document.nulls == {("a",), ("b",), ("c",)}


def test_a_byte_order_mark_of_utf_8_is_no_harm() -> None:
    assert parsed(b"\xef\xbb\xbfa: 1").data == {"a": "1"}


def test_places_are_those_of_values_and_for_collections_of_their_keys() -> None:
    document = parsed("a: 1\nb:\n  c:   [x,\n    y]\n")
    assert str(document.where(("a",))) == "f.yml:1:4"
    assert str(document.where(("b",))) == "f.yml:2:1"
    assert str(document.where(("b", "c"))) == "f.yml:3:3"
    assert str(document.where(("b", "c", 1))) == "f.yml:4:5"
    assert str(document.where_key(("a",))) == "f.yml:1:1"
    assert str(document.where(("b", "missing", "deep"))) == "f.yml:2:1"
    assert str(document.where(("missing",))) == "f.yml"


BOMB = "a: &a [x]\n" + "\n".join(f"b{n}: &b{n} [*a, *a]" for n in range(9))


@pytest.mark.parametrize(
    ("text", "place", "rule"),
    [
        ("a: 1\n" * 400_000, "f.yml: ", "too large: the limit is 1,048,576 bytes"),
        (BOMB, "f.yml:1:4", "anchors are not allowed (&a)"),
        ("a: *b", "f.yml:1:4", "aliases are not allowed (*b)"),
        ("a: &a [*a]", "f.yml:1:4", "anchors are not allowed"),
        ("a: " + "[" * 1000, "f.yml:1:43", "nesting is deeper than 40"),
        ("a: 1\nb: 2\na: 3\n", "f.yml:3:1", "duplicate key `a`, first on line 1"),
        ("a: !!python/object/apply:os.system [x]", "f.yml:1:4", "tags are not allowed"),
        ("a: !x y", "f.yml:1:4", "tags are not allowed"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "f.yml:1:1", "tags are not allowed"),
        ("<<: {a: 1}", "f.yml:1:1", "merge keys (<<) are not allowed"),
        ("a: 1\n---\nb: 2", "f.yml:2:1", "exactly one document is expected"),
        ("a: 1".encode("utf-16"), "f.yml: ", "not UTF-8: byte 0xff at offset 0"),
        (b"a: \xc3\x28", "f.yml: ", "not UTF-8: byte 0xc3 at offset 3"),
        (b"a: \x00", "f.yml:1:4", "invalid character U+0000 at byte offset 3"),
        ("é: \x1b[2J", "f.yml:1:4", "invalid character U+001B at byte offset 4"),
        ('a: "\\ud800"', "f.yml:1:", "nvalid"),
        ('a: "\\0"', "f.yml:1:4", "invalid character"),
        ("", "f.yml: ", "a mapping (`key: value` lines) is required"),
        ("# only a comment\n", "f.yml: ", "a mapping"),
        ("- a\n", "f.yml: ", "a mapping"),
        ("text", "f.yml: ", "a mapping"),
        ("? [a]\n: 1", "f.yml:1:3", "a key must be text"),
        ("a: {\n", "f.yml:2:1", "not YAML"),
        ("a: b: c", "f.yml:1:5", "not YAML: mapping values are not allowed"),
        ("a:\n\t- b", "f.yml:2:1", "not YAML"),
        ("a: [" + "x," * 60_000 + "]", "f.yml:1:", "more than 50,000 values"),
    ],
)
def test_what_own_files_must_not_contain_is_refused_with_its_place(text: str | bytes, place: str, rule: str) -> None:
    message = refusal(text)
    assert message.startswith(place)
    assert rule in message


def test_every_duplicate_key_is_named_at_once() -> None:
    assert len(refusal("a: 1\na: 2\nb: {c: 1, c: 2}\n").splitlines()) == 2


@pytest.mark.parametrize(("name", "why"), [("absent.yml", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(BadInput, match=f"shown: cannot be read: {why}"):
        read_yaml(tmp_path / name, shown_as="shown")


@given(st.one_of(st.binary(max_size=300), st.text("ab:-[]{}&*!|>'\"#%@` \n\t\\,?~<0", max_size=80)))
@example("a: |\n  b\n c")
@example("\x85: \u2028")
def test_any_bytes_give_a_mapping_or_a_typed_error(data: str | bytes) -> None:
    with suppress(BadInput):
        assert isinstance(parsed(data).data, dict)


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str
    replicas: int = 1
    names: tuple[str, ...] = ()


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    services: dict[str, Inner] = {}
    first: Inner | None = None
    on: bool = False


def test_a_document_becomes_a_model() -> None:
    document = parsed("version: 1.10\nservices: {a: {image: x, replicas: 3, names: [p]}}\non: true\nfirst:\n")
    expected = Outer(version="1.10", services={"a": Inner(image="x", replicas=3, names=("p",))}, on=True)
    assert read_model(Outer, document) == expected


def test_every_problem_of_a_file_is_told_in_one_run_with_place_and_nearest_key() -> None:
    document = parsed("serivces: {}\nservices:\n  a: {imag: x, replicas: many}\n  b: [1]\nfirst: {image: {}}\n")
    with pytest.raises(BadInput) as refused:
        read_model(Outer, document)
    assert [str(problem) for problem in refused.value.problems] == [
        "f.yml: `version` is missing.",
        "f.yml:1:1: unknown key `serivces`. Did you mean `services`?",
        "f.yml:3:3: `services.a.image` is missing.",
        "f.yml:3:7: unknown key `services.a.imag`. Did you mean `image`?",
        "f.yml:3:26: `services.a.replicas` must be a whole number, not 'many'.",
        "f.yml:4:3: `services.b` must be a mapping (`key: value` lines), not a list.",
        "f.yml:5:9: `first.image` must be text, not a mapping.",
    ]


def test_a_key_that_resembles_none_is_answered_with_those_that_exist() -> None:
    with pytest.raises(BadInput, match="Known keys: version, services, first, on"):
        read_model(Outer, parsed("version: 1\nzzz: 1\n"))


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.text(st.characters(codec="utf-8"), max_size=20)
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


def as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), trees, max_size=5))
@example({"<<": "x", "n": "~", "": "", "y": " a", "d": [[], {}, [[]]], "k": "a: b #c", "=": "-"})
def test_what_is_written_reads_back_the_same_and_for_any_yaml_reader(value: dict[str, Any]) -> None:
    text = write_yaml(value)
    assert yaml.safe_load(text) == value
    if "\\u0000" not in text:
        assert parsed(text).data == as_text(value)


def test_texts_that_another_reader_would_take_for_numbers_or_words_are_quoted() -> None:
    text = write_yaml({"a": ["1.10", "no", "010", "-x", "3.5.0", "3.5.0+mw1", "a b", "Null"]})
    assert text == 'a: ["1.10", "no", "010", "-x", 3.5.0, 3.5.0+mw1, a b, "Null"]\n'


def test_short_mappings_stand_on_one_line_and_longer_ones_in_blocks() -> None:
    text = write_yaml({"short": {"a": "1 x"}, "deep": {"a": {"b": {"c": "d"}}}, "long": ["word " * 20 + "x", "y" * 50]})
    assert re.findall(r"^(?:short: \{|deep:$|  a:$|    b: \{c: d\}|long:$|  - )", text, re.MULTILINE) == [
        "short: {",
        "deep:",
        "  a:",
        "    b: {c: d}",
        "long:",
        "  - ",
        "  - ",
    ]
