"""The YAML and `.env` readers on files that are broken or made to hurt: a value or a typed error, soon and small."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from olmis_release.errors import ReleaseError
from tests.fakes.hostile import read_as_settings, read_folder, read_own

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 1.0  # of the processor, whatever else the machine does
LIMIT_MIB = 200

WORDS = "services: image: a: b: - [ ] { } , | > & * ! ? << ' \" # $ ${ } ${A:-x} ${A:?x} $$ --- ... %TAG !!str ~ \\"
PIECES = st.sampled_from([
    *WORDS.split(),
    "\n", "\n  ", "\n    ", " ", "\t", "\r\n", "services:\n  a:\n    image: ", "x:1", "&a ", "*a", "A=", "export A=1\n",
    "\u202e", "\x00", "\ufeff", "é", "0x1F", "1.10", "yes", "null",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=40).map("".join)
BYTES = st.one_of(TEXTS.map(str.encode), st.binary(max_size=200))
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(BYTES)
def test_any_compose_file_is_a_value_or_a_typed_error(data: bytes) -> None:
    with suppress(ReleaseError):
        read_folder(data)


@quick
@given(BYTES)
def test_any_env_file_is_a_value_or_a_typed_error(data: bytes) -> None:
    with suppress(ReleaseError):
        read_folder(env=data)
    with suppress(ReleaseError):
        read_as_settings(data)


@quick
@given(BYTES)
def test_any_manifest_is_a_value_or_a_typed_error(data: bytes) -> None:
    with suppress(ReleaseError):
        read_own(data)


def test_files_made_to_hurt_take_less_than_a_second_and_200_mib_each() -> None:
    command = [sys.executable, "-m", "tests.fakes.hostile"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    costs = json.loads(ran.stdout)
    assert {name: seconds for name, (seconds, _) in costs.items() if seconds >= LIMIT_S} == {}
    assert {name: peak_mib for name, (_, peak_mib) in costs.items() if peak_mib >= LIMIT_MIB} == {}
