"""The root command: global options, every command, and the table of exit codes."""

from __future__ import annotations

import click

from olmis_release import __version__
from olmis_release.cli.candidate import candidate
from olmis_release.cli.changelog import changelog
from olmis_release.cli.completion import completion
from olmis_release.cli.deploy import deploy
from olmis_release.cli.diff import diff
from olmis_release.cli.examples import write_examples
from olmis_release.cli.explain import explain
from olmis_release.cli.history import history
from olmis_release.cli.import_ import import_
from olmis_release.cli.init import init
from olmis_release.cli.options import global_options
from olmis_release.cli.patch import patch
from olmis_release.cli.plan import plan
from olmis_release.cli.preflight import preflight
from olmis_release.cli.release import release
from olmis_release.cli.rollback import rollback
from olmis_release.cli.schema import schema
from olmis_release.cli.smoke import smoke
from olmis_release.cli.status import status
from olmis_release.cli.verify import verify
from olmis_release.cli.why import why
from olmis_release.errors import EXIT_CODES

PROGRAM = "olmis-release"

COMMANDS = (
    init,
    import_,
    candidate,
    why,
    diff,
    changelog,
    plan,
    preflight,
    deploy,
    smoke,
    rollback,
    patch,
    verify,
    release,
    status,
    history,
    schema,
    explain,
    completion,
)
"""In the order in which a release manager meets them."""

EXAMPLES = (
    "olmis-release candidate 3.5.0+mw1      Core and your extension: one manifest, pinned by digest",
    "olmis-release plan 3.5.0+mw1 --to uat  what would change, why, and the way back",
    "olmis-release deploy uat               carry it out; a release that fails is taken back by itself",
    "olmis-release rollback uat             back to the last good release",
)


class InOrder(click.Group):
    """A group that lists its commands as they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of `COMMANDS`."""
        del ctx  # the order is the same everywhere
        return list(self.commands)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help text, then a release from beginning to end."""
        super().format_help_text(ctx, formatter)
        write_examples(formatter, EXAMPLES)


def _exit_codes() -> str:
    lines = [f"  {status:>3}  {meaning}" for status, meaning in EXIT_CODES.items()]
    return "\b\nExit codes:\n" + "\n".join(lines)


@click.group(
    cls=InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_exit_codes(),
)
@global_options(hidden=False)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def root() -> None:
    """Release manager for OpenLMIS: one reviewed plan, one deploy, one way back."""


for _command in COMMANDS:
    root.add_command(_command)
