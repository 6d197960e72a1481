#!/bin/sh
# Chromium and its driver: tests open the pages of a plan in it. Without them those tests say so and are skipped.
set -eu
cd "$(dirname "$0")/.."
. lab/lib.sh

there() { command -v chromium >/dev/null && command -v chromedriver >/dev/null; }

if there; then exit 0; fi
say 'installing Chromium and its driver'
apt_install chromium chromium-driver || true
there || say 'There is no Chromium with its driver here: the tests of pages are skipped. Install the packages chromium and chromium-driver.'
