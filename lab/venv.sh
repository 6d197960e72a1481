#!/bin/sh
# Make .venv with the tool (editable) and everything its development needs, every file checked against constraints.txt.
set -eu
cd "$(dirname "$0")/.."
. lab/lib.sh

VENV=.venv

usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# PYTHON if given, else python3, else the newest one that can be called.
python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if usable "$name"; then echo "$name" && return; fi
    done
    return 1
}

# What the environment is made from: the same again means nothing to do.
identity() { "$1" -c 'import sys; print(sys.base_prefix, sys.version)'; }
recipe() { sha256sum pyproject.toml constraints.txt && identity "$1"; }

# Debian keeps the module that makes environments in a package of its own.
can_make_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# An environment of the same Python is brought up to date in place: somebody may be working in it.
fill() {
    pip="$VENV/bin/python -m pip --disable-pip-version-check --quiet"
    make_environment "$1" &&
        $pip install --require-hashes --only-binary=:all: --requirement constraints.txt &&
        $pip install --no-deps --no-build-isolation --editable . &&
        $pip check
}

make_environment() {
    [ "$(identity "$1")" = "$(identity "$VENV/bin/python" 2>&1)" ] || "$1" -m venv --clear "$VENV"
}

interpreter=$(python) || die "No Python 3.11 or newer is here. Install one, or name it: make venv PYTHON=/path/to/python3"
if [ "$(recipe "$interpreter")" = "$(cat "$VENV/.recipe" 2>&1)" ]; then exit 0; fi
can_make_environments "$interpreter" || apt_install python3-venv || true
can_make_environments "$interpreter" || die "$interpreter cannot make environments. Install its venv module (Debian and Ubuntu: the package python3-venv)."
say "making $VENV with $("$interpreter" --version), about 30 s"
fill "$interpreter" || die "$VENV could not be made; the reason is above."
recipe "$interpreter" >"$VENV/.recipe"
