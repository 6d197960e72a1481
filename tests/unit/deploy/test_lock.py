from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from olmis_release.deploy.lock import locked
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
