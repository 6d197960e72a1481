"""What the wall is made of: its nginx configuration and its pages, as text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from olmis_release.instance.config import WallConfig
from olmis_release.instance.front import PASS_HEADER
from olmis_release.instance.own_containers import Files
from olmis_release.instance.ports import WallState

FOLDER = "/etc/olmis-wall"
ENDS = (".html", ".json", ".conf")
LIVE, NEXT = f"{FOLDER}/live", f"{FOLDER}/next"
LIVE_CONF = f"{LIVE}.conf"
CLOSING = f"{FOLDER}/closing"
OWN_PATH = "/__olmis_release/"
STATE_PATH = f"{OWN_PATH}state"
CONSUL_PATH = f"{OWN_PATH}consul"
DRAIN_S = 10
PASS = re.compile(r"[A-Za-z0-9]{16,128}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the wall shall do.

    Attributes:
        generation: Told at `STATE_PATH`, so that an answer proves which configuration gave it.
        run_pass: What a closed wall lets through, and what opens the entrance to Consul; empty for neither.
    """

    state: WallState
    generation: str
    run_pass: str = ""

    def __post_init__(self) -> None:
        """Refuse a pass that could be guessed, or that nginx would read as something else."""
        if self.run_pass and not PASS.match(self.run_pass):
            raise ValueError("a pass has 16 to 128 letters and digits")

    @property
    def answer(self) -> str:
        """What `STATE_PATH` answers in this shape."""
        return f"{self.state.value} {self.generation}"


def wall_files(config: WallConfig, shape: Shape, *, instance: str, stem: str) -> Files:
    """Return the files of the wall's folder, all called `stem`; one holds the pass, so only root may read it."""
    page = _templates().get_template("wall.html.j2").render(config.model_dump())
    told = {"status": 503, "message": config.message, "retry_after_s": config.retry_after_s}
    return {
        f"{stem}.conf": (configuration(config, shape, instance=instance).encode(), 0o600),
        f"{stem}.html": (page.encode(), 0o644),
        f"{stem}.json": (json.dumps(told).encode(), 0o644),
    }


def configuration(config: WallConfig, shape: Shape, *, instance: str) -> str:
    """Return the whole nginx configuration."""
    return (
        _templates()
        .get_template("wall.conf.j2")
        .render(
            instance=instance,
            state=shape.state.value,
            closed=shape.state is WallState.CLOSED,
            generation=shape.generation,
            run_pass=shape.run_pass,
            component=config.component,
            port=config.port,
            retry_after_s=config.retry_after_s,
            drain_s=DRAIN_S,
            live=LIVE,
            closing=CLOSING,
            own_path=OWN_PATH,
            pass_header=PASS_HEADER,
            pass_variable=f"$http_{PASS_HEADER.lower().replace('-', '_')}",
        )
    )


def published(publish: str) -> tuple[str, int]:
    """Return host address and port of ``80``, ``127.0.0.1:8080`` or ``[::1]:8080``, as the instance file has it."""
    host, _, port = publish.rpartition(":")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 (a bare port means every address, as in Compose)


@cache
def _templates() -> Environment:
    loader = PackageLoader("olmis_release.instance")
    return Environment(loader=loader, undefined=StrictUndefined, autoescape=select_autoescape(["html.j2"]))
