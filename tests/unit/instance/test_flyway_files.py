from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from olmis_release.errors import StepFailed
from olmis_release.instance import flyway
from olmis_release.instance.flyway import migrations_in
from olmis_release.instance.ports import Image
from tests.fakes.instance import FakeEngine, an_image

REFERENCE = "openlmis/requisition@sha256:" + "a" * 64


class EngineWithFiles(FakeEngine):
    """An engine whose one image holds the given files."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(images={REFERENCE: an_image(REFERENCE)})
        self.content = files
        self.folders: list[str] = []

    def image(self, reference: str) -> Image | None:
        found = super().image(REFERENCE)
        return found if found and reference in {REFERENCE, found.id} else None

    def read_members(self, image: str, wanted: Callable[[str], bool], *, folder: str) -> dict[str, bytes]:
        self.folders.append(folder)
        below = [path for path in self.content if path == folder or path.startswith(folder.rstrip("/") + "/")]
        return {path: self.content[path] for path in below if wanted(path)}


def jar(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def boot_jar(*scripts: str) -> bytes:
    return jar(**{f"BOOT-INF/classes/db/migration/{script}": b"SELECT 1;" for script in scripts})


def versions(engine: EngineWithFiles, cache: Path) -> list[str | None] | None:
    found = migrations_in(engine, REFERENCE, cache)
    return None if found is None else [one.version for one in found]


def test_files_of_the_service_jar_come_in_the_order_of_their_versions(tmp_path: Path) -> None:
    engine = EngineWithFiles({"/service.jar": boot_jar("R__v.sql", "10__b.sql", "9__a.sql", "readme.txt")})
    assert versions(engine, tmp_path) == ["9", "10", None]
    assert engine.folders == ["/service.jar"]


def test_a_jar_of_another_name_at_the_root_is_found(tmp_path: Path) -> None:
    other = jar(**{"db/migration/1__a.sql": b"", "BOOT-INF/lib/db/migration/2__no.sql": b""})
    engine = EngineWithFiles({"/app.jar": other, "/opt/tool.jar": boot_jar("3__no.sql")})
    assert versions(engine, tmp_path) == ["1"]


def test_a_jar_without_migrations_has_none_and_an_image_without_a_jar_is_unknown(tmp_path: Path) -> None:
    assert versions(EngineWithFiles({"/service.jar": jar(x=b"")}), tmp_path / "a") == []
    assert versions(EngineWithFiles({"/etc/hosts": b""}), tmp_path / "b") is None
    assert versions(EngineWithFiles({"/service.jar": b"no zip"}), tmp_path / "c") is None


def test_the_answer_is_kept_by_the_image_id(tmp_path: Path) -> None:
    engine = EngineWithFiles({"/service.jar": boot_jar("1__a.sql")})
    first = migrations_in(engine, REFERENCE, tmp_path)
    assert migrations_in(engine, REFERENCE, tmp_path) == first
    assert len(engine.folders) == 1


def test_a_damaged_cache_is_read_anew(tmp_path: Path) -> None:
    engine = EngineWithFiles({"/service.jar": boot_jar("1__a.sql")})
    versions(engine, tmp_path)
    for kept in tmp_path.rglob("*.json"):
        kept.write_text('{"format": 1, "migrations": [{"odd": 1}]}')
    assert versions(engine, tmp_path) == ["1"]


def test_an_image_that_the_engine_lacks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="no image openlmis/none:1"):
        migrations_in(EngineWithFiles({}), "openlmis/none:1", tmp_path)


@pytest.mark.parametrize("limit", ["FILE_LIMIT_BYTES", "TOTAL_LIMIT_BYTES"])
def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(flyway, limit, 1000)
    bomb = jar(**{f"db/migration/{number}__a.sql": b"x" * 600 for number in (1, 2)})
    big = jar(**{"db/migration/1__a.sql": b"x" * 2000})
    engine = EngineWithFiles({"/service.jar": bomb if limit == "TOTAL_LIMIT_BYTES" else big})
    with pytest.raises(StepFailed, match="not read further"):
        migrations_in(engine, REFERENCE, tmp_path)
