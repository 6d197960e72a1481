import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from olmis_release.deploy.local_lock import holder, locked
from olmis_release.errors import InstanceLocked
from olmis_release.instance.site import Site
from olmis_release.workspace import InstanceFolder


def site(tmp_path: Path) -> Site:
    folder = InstanceFolder(root=tmp_path / "uat")
    return cast(Site, SimpleNamespace(folder=folder, config=SimpleNamespace(name="uat")))


def test_a_second_deploy_is_refused_and_told_who_does_what_since_when(tmp_path: Path) -> None:
    with (
        locked(site(tmp_path), doing="deploy of 3.5.0+mw1 (plan F7DS-JEEJ)"),
        pytest.raises(InstanceLocked, match=r"deploy of 3\.5\.0\+mw1 \(plan F7DS-JEEJ\) by .+@.+ since 20"),
        locked(site(tmp_path), doing="another"),
    ):
        pass


def test_the_lock_is_free_again_after_the_work_even_if_it_failed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked(site(tmp_path), doing="deploy"):
        raise RuntimeError

    with locked(site(tmp_path), doing="deploy"):
        pass


def test_a_lock_whose_holder_left_no_note_is_still_a_lock(tmp_path: Path) -> None:
    with locked(site(tmp_path), doing="deploy"):
        (tmp_path / "uat" / "holder.json").unlink()
        with pytest.raises(InstanceLocked, match="another process"), locked(site(tmp_path), doing="deploy"):
            pass


def test_whoever_looks_is_told_who_is_at_work_and_takes_nothing(tmp_path: Path) -> None:
    assert holder(site(tmp_path)) == ""
    with locked(site(tmp_path), doing="deploy of 3.5.0+mw1"):
        assert holder(site(tmp_path)).startswith("deploy of 3.5.0+mw1 by ")
    assert holder(site(tmp_path)) == ""


def test_a_note_that_a_killed_process_left_stands_for_nobody(tmp_path: Path) -> None:
    here = site(tmp_path)
    here.folder.ensure(here.folder.root)
    gone = subprocess.Popen(["true"])
    gone.wait()
    note = {"pid": str(gone.pid), "doing": "deploy", "by": "x", "since": "y"}
    (here.folder.root / "holder.json").write_text(json.dumps(note))
    assert holder(here) == ""
