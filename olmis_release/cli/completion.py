"""`completion`: the script that makes a shell complete our commands."""

from __future__ import annotations

import click

from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.session import Session

SHELLS = ("bash", "zsh", "fish")


@click.command(
    cls=ExampleCommand,
    short_help="print the completion script of a shell",
    epilog=GLOBAL_HELP,
    examples=[
        "source <(olmis-release completion bash)",
        "olmis-release completion fish > ~/.config/fish/completions/olmis-release.fish",
    ],
)
@click.argument("shell", type=click.Choice(SHELLS))
@global_options(hidden=True)
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print the completion script for a shell; instances, releases and plan codes come from local files."""
    from click.shell_completion import get_completion_class

    maker = get_completion_class(shell)
    assert maker is not None  # noqa: S101 - click has a class for each of SHELLS
    command = context.find_root().command
    script = maker(command, {}, "olmis-release", "_OLMIS_RELEASE_COMPLETE").source()
    context.ensure_object(Session).sink.out(script)
