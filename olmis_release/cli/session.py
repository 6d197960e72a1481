"""One command's surroundings: what was asked for globally, and what the command has come to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from olmis_release.cli.sink import Sink
from olmis_release.cli.stage import Renderer
from olmis_release.errors import ReleaseError
from olmis_release.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from olmis_release.instance.config import InstanceConfig
    from olmis_release.instance.site import Site


@dataclass(slots=True)
class Session:
    """Filled by the global options; handed to every command.

    Attributes:
        repo: Folder named with ``--repo``.
        as_json: One JSON object on standard output.
        progress: ``auto``, ``tty``, ``plain``, ``json`` or ``quiet``.
        color: ``auto``, ``always`` or ``never``.
        verbose: Also show every external command.
        no_input: Never ask.
        instance: The instance that the command is about, once known; error messages say what it serves.
        acts: The command may change the instance: its STATE line is its result.
        takes_over: It ends a run that this workspace may know nothing of yet.
        log_file: Where this command logs, once it does.
    """

    sink: Sink = field(default_factory=Sink)
    repo: Path | None = None
    as_json: bool = False
    progress: str = "auto"
    color: str = "auto"
    quiet: bool = False
    verbose: bool = False
    no_input: bool = False
    instance: str | None = None
    acts: bool = False
    takes_over: bool = False
    log_file: Path | None = None
    zone: ZoneInfo | None = None
    _workspace: Workspace | None = None
    _renderer: Renderer | None = None

    @property
    def workspace(self) -> Workspace:
        """The workspace: of ``--repo``, of the environment, or around the current folder."""
        if self._workspace is None:
            self._workspace = find_workspace(self.repo)
        return self._workspace

    @property
    def known_workspace(self) -> Workspace | None:
        """The workspace if the command got as far as finding it."""
        return self._workspace

    @property
    def reporter(self) -> Renderer:
        """Whoever shows events to the person."""
        if self._renderer is None:
            from olmis_release.cli.terminal import make_renderer

            self._renderer = make_renderer(self)
        return self._renderer

    def has_instance(self, name: str) -> bool:
        """Return whether a name is that of an instance; outside of a workspace none is."""
        try:
            return name in self.workspace.instance_names()
        except ReleaseError:
            return False

    def about(self, instance: str) -> InstanceConfig:
        """Read an instance's file; from now on times and the STATE line are its own, and its secrets never shown."""
        from olmis_release.cli import wiring

        config = wiring.read_instance(self.workspace, instance)
        self.instance, self.zone = config.name, config.zone
        self.sink.hide(wiring.secrets_of(self.workspace, config))
        return config

    def zone_of(self, instance: str) -> ZoneInfo | None:
        """Return an instance's time zone, None when its file cannot be read."""
        from olmis_release.cli import wiring

        try:
            return wiring.read_instance(self.workspace, instance).zone
        except ReleaseError:
            return None

    def warn(self, text: str) -> None:
        """Show a warning, whatever the options."""
        self.close()
        self.sink.err(f"warning: {text}", style="yellow")

    def site(self, instance: str) -> Site:
        """Reach an instance; from now on this command logs."""
        from olmis_release.cli import wiring

        self.about(instance)
        self._begin_log()
        site = wiring.open_site(self.workspace, instance, self.reporter)
        self.sink.hide([site.run_pass])
        return site

    def keep_traceback(self, error: BaseException) -> Path | None:
        """Write down an unexpected fault; return the file, None when no disk takes it."""
        from olmis_release.cli.logfile import keep_traceback

        folder = self._workspace.logs if self._workspace else None
        return keep_traceback(error, self.sink, log_file=self.log_file, folder=folder)

    def _begin_log(self) -> None:
        from olmis_release.cli.logfile import begin_log

        if self.log_file is None:
            told = self.reporter if self.verbose else None
            self.log_file = begin_log(self.workspace.logs, self.sink, told=told)

    def quiet_site(self, instance: str) -> Site:
        """Reach an instance for a command whose result tells again what notes would tell."""
        from dataclasses import replace

        from olmis_release.cli.terminal import WithoutNotes

        return replace(self.site(instance), reporter=WithoutNotes(self.reporter))

    def tell(self, text: str) -> None:
        """Show a person something on the way to the result."""
        if not self.quiet:
            self.close()
            self.sink.err(text)

    def close(self) -> None:
        """Stop showing progress, for a question or the result; the next event begins it again."""
        if self._renderer is not None:
            self._renderer.close()

    def end(self) -> None:
        """Let go of the log file."""
        if self.log_file is not None:
            from olmis_release.cli.logfile import end_log

            end_log()
