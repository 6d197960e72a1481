"""The root command: global options, every command, and the table of exit codes."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword

import click

from olmis_release import __version__
from olmis_release.cli.examples import write_examples
from olmis_release.cli.options import global_options
from olmis_release.errors import EXIT_CODES

PROGRAM = "olmis-release"

COMMANDS = (
    "init",
    "import",
    "candidate",
    "why",
    "diff",
    "changelog",
    "plan",
    "approve",
    "reject",
    "revoke",
    "calendar",
    "preflight",
    "deploy",
    "smoke",
    "rollback",
    "resume",
    "takeover",
    "lock",
    "patch",
    "verify",
    "release",
    "status",
    "history",
    "schema",
    "explain",
    "completion",
)
"""In the order in which a release manager meets them; each lives in the module of its name."""

EXAMPLES = (
    "olmis-release candidate 3.5.0+mw1      Core and your extension: one manifest, pinned by digest",
    "olmis-release plan 3.5.0+mw1 --to uat  what would change, why, and the way back",
    "olmis-release deploy uat               carry it out; a release that fails is taken back by itself",
    "olmis-release rollback uat             back to the last good release",
)


class WhenNamed(click.Group):
    """A group that imports a command when it is named, so that no command waits for what the others need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of `COMMANDS`."""
        del ctx  # the order is the same everywhere
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None where there is none of that name."""
        del ctx  # there is one of each
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(import_module(f"olmis_release.cli.{name}"), name)
        assert isinstance(command, click.Command)  # noqa: S101 - what our modules hold under their own name
        return command

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help text, then a release from beginning to end."""
        super().format_help_text(ctx, formatter)
        write_examples(formatter, EXAMPLES)


def _exit_codes() -> str:
    lines = [f"  {status:>3}  {meaning}" for status, meaning in EXIT_CODES.items()]
    return "\b\nExit codes:\n" + "\n".join(lines)


@click.group(
    cls=WhenNamed,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_exit_codes(),
)
@global_options(hidden=False)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def root() -> None:
    """Release manager for OpenLMIS: one reviewed plan, one deploy, one way back."""
