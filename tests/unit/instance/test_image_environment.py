"""What an image puts into the environment of its containers by itself."""

import pytest

from olmis_release.instance.inspected import image_from


@pytest.mark.parametrize(
    ("config", "environment"),
    [({"Env": ["PATH=/bin", "OPTS=-Da=b"]}, {"PATH": "/bin", "OPTS": "-Da=b"}), ({"Env": None}, {}), (None, {})],
)
def test_the_environment_of_an_image_is_known(config: object, environment: dict[str, str]) -> None:
    told = {"Id": "sha256:1", "RepoDigests": [], "RepoTags": [], "Size": 5, "Config": config}
    assert image_from(told).environment == environment
