"""Every release of Core and every state of Malawi's nine years is read in one process; bench/ tells how fast."""

from __future__ import annotations

from olmis_release.manifest.importers.cores import COMPOSE_FILE
from olmis_release.manifest.importers.distribution import read_at
from olmis_release.manifest.importers.source import Source


def test_all_40_core_tags_and_all_371_states_are_read(core_source: Source, country_source: Source) -> None:
    cores = {tag: read_at(core_source, f"refs/tags/{tag}", files=[COMPOSE_FILE]) for tag in core_source.tags()}
    states = {}
    for tag in country_source.tags():
        ref = f"refs/tags/{tag}"
        for folder in country_source.at(ref).names("deployment") or ():
            states[tag, folder] = read_at(country_source, ref, folder=f"deployment/{folder}")

    assert len(cores) == 40
    assert [tag for tag, one in cores.items() if one.errors] == ["v3.4.1"]
    assert len({tag for tag, _ in states}) == 371
    # Compose refuses these too: text that is no YAML, ports that are no list, a volume's key at the top.
    assert {str(one.doubtful[0].where) for one in states.values() if one.doubtful} == {
        "deployment/uat_env/docker-compose.yml:85:2",
        "deployment/dev_env/docker-compose.yml:124:7",
        "deployment/uat_env/docker-compose.yml:109:1",
    }
    assert all(one.images for one in states.values() if not one.doubtful)
