"""Words that the plan's data says by name, as a reader says them in English; the catalogues say them in the others."""

from __future__ import annotations

from collections.abc import Mapping

LABELS: Mapping[str, str] = {
    "add": "added",
    "replace": "replaced",
    "restart": "restarted",
    "remove": "removed",
    "keep": "unchanged",
    "development": "development",
    "uat": "acceptance tests",
    "training": "training",
    "production": "production",
    "extensive": "extensive",
    "significant": "significant",
    "moderate": "moderate",
    "minor": "minor",
    "critical": "critical",
    "high": "high",
    "medium": "medium",
    "low": "low",
    "Blocker": "Blocker",
    "Critical": "Critical",
    "Major": "Major",
    "Minor": "Minor",
    "Trivial": "Trivial",
    "emergency": "emergency",
    "standard": "standard",
    "release-manager": "release manager",
    "product-owner": "product owner",
    "tester": "tester",
    "support-lead": "support lead",
    "planned": "planned",
    "overdue": "overdue",
    "up": "newer",
    "down": "older",
    "same": "same version",
    "unknown": "not comparable",
}
