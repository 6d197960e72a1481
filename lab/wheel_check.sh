#!/bin/sh
# Build the wheel, install it alone in an empty environment outside the repository, and use it there.
set -eu
cd "$(dirname "$0")/.."
. lab/lib.sh

PYTHON="$PWD/.venv/bin/python"
DIST="$PWD/$MADE/wheel"
FILES="$PWD/$MADE/wheel-files"

rm -rf "$DIST"
"$PYTHON" -m hatchling build --target wheel --directory "$DIST" >/dev/null
# Everything the wheel may ask for, checked by hash; installing then works from these files alone.
"$PYTHON" -m pip download --quiet --require-hashes --no-deps --only-binary=:all: --dest "$FILES" --requirement constraints.txt

away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
"$PYTHON" -m venv "$away/venv"
"$away/venv/bin/python" -m pip install --quiet --no-index --find-links "$FILES" "$DIST"/*.whl
cd "$away"
version=$(venv/bin/olmis-release --version) || die 'The installed wheel cannot say its version.'
mkdir workspace && cd workspace
../venv/bin/olmis-release init >/dev/null || die 'The installed wheel cannot make a workspace: is a template or schema missing in it?'
say "wheel-check passed: $version, installed alone, makes a workspace"
