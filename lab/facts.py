"""Copy the facts of the releases that demo, tests and bench use out of the full migration record.

Run once when the set of releases grows: ``python -m lab.facts ../shared/real/migrations.json``. The result is
committed, so nothing else reads the full record.
"""

import json
import sys
from pathlib import Path
from typing import Any

FACTS = Path(__file__).resolve().parent.parent / "tests" / "standin" / "facts" / "migrations.json"

#: Core 3.4.1, 3.5.0, 3.6.0, 3.18.0 and 3.19.0, and the patch releases one would reach for in between.
WANTED: dict[str, tuple[str, ...]] = {
    "auth": ("4.0.0", "4.1.0", "4.1.1", "4.1.2", "4.3.4", "4.3.5"),
    "buq": ("1.0.1", "1.0.2"),
    "cce": ("1.0.1", "1.0.2", "1.0.3", "1.3.4", "1.3.5"),
    "dhis2-integration": ("1.0.0", "1.0.1"),
    "fulfillment": ("7.0.1", "8.0.0", "8.0.1", "8.0.2", "9.0.6", "9.2.0"),
    "hapifhir": ("1.0.0", "2.0.0", "2.0.3", "2.0.4"),
    "notification": ("4.0.0", "4.0.1", "4.1.0", "4.3.4", "4.3.5"),
    "referencedata": ("11.0.0", "12.0.0", "13.0.0", "15.2.7", "15.3.0"),
    "report": ("1.1.1", "1.1.2", "1.1.3", "1.2.3", "1.4.0"),
    "requisition": ("7.0.0", "7.1.0", "7.1.1", "8.0.0", "8.3.9", "8.4.0"),
    "stockmanagement": ("3.1.0", "4.0.0", "4.1.0", "5.1.11", "5.2.0"),
}


def reduced(service: dict[str, Any], versions: tuple[str, ...]) -> dict[str, Any]:
    """Keep one service's migrations up to the newest wanted version.

    Returns:
        Migrations in the order of their numbers, and per version how many of them its image holds.

    Raises:
        ValueError: A version holds migrations that are not the first ones; a count would not describe it.
    """
    held = {
        version: sorted(service["migrations"][index] for index in service["versions"][version]) for version in versions
    }
    migrations = max(held.values(), key=len)
    for version, rows in held.items():
        if rows != migrations[: len(rows)]:
            raise ValueError(f"{version} does not hold the first {len(rows)} migrations.")
    counts = {version: len(rows) for version, rows in held.items()}
    return {"consul": service["consul_name"], "schema": service["schema"], "versions": counts, "migrations": migrations}


def as_text(facts: dict[str, dict[str, Any]]) -> str:
    """Write the facts as JSON with one migration per line, so that a diff of them can be read."""
    blocks = []
    for name, fact in facts.items():
        rows = ",\n".join(f"    {json.dumps(row)}" for row in fact["migrations"])
        head = json.dumps({key: value for key, value in fact.items() if key != "migrations"})[1:-1]
        blocks.append(f'  "{name}": {{{head}, "migrations": [\n{rows}\n  ]}}')
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def main(source: Path) -> None:
    """Rewrite the committed facts from the full record."""
    record = json.loads(source.read_text(encoding="utf-8"))
    facts = {name: reduced(record[name], versions) for name, versions in WANTED.items()}
    FACTS.write_text(as_text(facts), encoding="utf-8")
    print(f"{FACTS}: {sum(len(fact['migrations']) for fact in facts.values())} migrations of {len(facts)} services")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
