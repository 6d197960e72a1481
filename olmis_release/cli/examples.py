"""A command whose help shows examples right after what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click


class ExampleCommand(click.Command):
    """A click command with examples.

    Args:
        examples: Command lines as a person would type them, each with a remark after two or more spaces, or without.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **settings: Any) -> None:
        """Keep the examples; everything else is click's."""
        super().__init__(*args, **settings)
        self.examples = tuple(examples)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line; a default subcommand has no name of its own in it."""
        formatter.write_usage(command_path(ctx), " ".join(self.collect_usage_pieces(ctx)))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help text, then the examples."""
        super().format_help_text(ctx, formatter)
        write_examples(formatter, self.examples)


def command_path(ctx: click.Context) -> str:
    """Return the command as a person types it."""
    return " ".join(ctx.command_path.split())


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Write examples as a section; they are never wrapped, so that they can be copied."""
    if examples:
        formatter.write_paragraph()
        formatter.write("Examples:\n")
        for example in examples:
            formatter.write(f"  {example}\n")
