#!/bin/sh
# As in OpenLMIS's service base: no `set -e`, no `exec`. A failed registration does not stop the boot, and a TERM sent to this shell
# (process 1) reaches nobody, so `docker stop` ends in a KILL.
python3 -m tests.standin.service.registration
python3 -m tests.standin.service
