"""One kind of smoke test per file; here they stand in the order in which they run.

The containers come last: they are compared with how they were before the others ran.
"""

from __future__ import annotations

from olmis_release.smoke.model import Probe
from olmis_release.smoke.probes import containers, declared, ui_answers, versions

PROBES: tuple[Probe, ...] = (versions.PROBE, ui_answers.PROBE, declared.PROBE, containers.PROBE)
"""Every kind of smoke test, in order."""
