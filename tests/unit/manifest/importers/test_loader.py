"""YAML as Compose allows it: anchors and merge keys, but no bombs; anything else ends in a placed problem."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.loader import load_documents
from olmis_release.manifest.importers.nodes import MapNode

LIMIT_S, LIMIT_BYTES = 1.0, 200 * 1024 * 1024


def load(text: str | bytes) -> tuple[tuple[MapNode, ...], Findings]:
    findings = Findings()
    data = text if isinstance(text, bytes) else text.encode()
    return load_documents(data, shown_as="compose.yml", findings=findings), findings


BOMBS = {
    "laughs": "a0: &a0 [x, x]\n" + "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)),
    "merging laughs": "a0: &a0 {k: v}\n"
    + "\n".join(f"a{n}: &a{n} {{p: *a{n - 1}, q: *a{n - 1}, r: *a{n - 1}}}" for n in range(1, 30)),
    "itself": "a: &a [*a]\n",
    "deep": "a: " + "[" * 5000,
    "deep mappings": "{a: " * 5000,
    "wide": "a: [" + "x, " * 100_000 + "]",
    "large": "a: " + "x" * 2_000_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_quickly_and_in_little_memory(bomb: str) -> None:
    tracemalloc.start()
    began = time.perf_counter()
    documents, findings = load(BOMBS[bomb])
    elapsed_s = time.perf_counter() - began
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert documents == ()
    assert findings.problems
    assert peak_bytes < LIMIT_BYTES
    assert elapsed_s < LIMIT_S * 5  # tracing memory is what takes time here


_PIECES = st.sampled_from(
    [
        "a: ",
        "b: ",
        "- ",
        "\n",
        "  ",
        "&x ",
        "*x",
        "<<: ",
        "{",
        "}",
        "[",
        "]",
        "'",
        '"',
        "|\n",
        "# c",
        "!!str ",
        "${A}",
        ":",
    ]
)


@settings(deadline=1000, max_examples=300)
@given(st.lists(_PIECES, max_size=40).map("".join) | st.binary(max_size=100) | st.text(max_size=60))
def test_anything_is_a_tree_or_a_problem(text: str | bytes) -> None:
    _, findings = load(text)

    assert all(problem.where for problem in findings.problems)


def test_places_survive_aliases_and_merge_keys() -> None:
    (document,), findings = load("x: &x\n  a: 1\n  b: 2\ny:\n  <<: *x\n  b: 3\n")

    merged = document.entries["y"]
    assert isinstance(merged, MapNode)
    assert (str(merged.entries["a"].where), str(merged.entries["b"].where)) == ("compose.yml:2:6", "compose.yml:6:6")
    assert not findings.problems


def test_documents_of_one_file_are_all_read() -> None:
    documents, _ = load("a: 1\n---\nb: 2\n---\n")

    assert [list(document.entries) for document in documents] == [["a"], ["b"]]


def test_every_duplicate_is_named() -> None:
    _, findings = load("a: {b: 1, b: [2]}\na: 3\nc: {restart: x, restart: y}\n")

    found = [(problem.code, str(problem.where)) for problem in findings.problems]
    assert found == [
        ("E-DUPLICATE-KEY", "compose.yml:1:11"),
        ("E-DUPLICATE-KEY", "compose.yml:2:1"),
        ("E-REPEATED-KEY", "compose.yml:3:17"),
    ]
