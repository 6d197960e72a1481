"""Options that every command takes, before or after its name, and the help texts they share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from olmis_release.cli.session import Session

Command = TypeVar("Command", bound=Callable[..., Any])

GIVEN = frozenset({ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT})
GLOBAL_HELP = "--repo, --json, --progress, --color, -q, -v and --no-input may stand before or after the command."


def _remember(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Return a callback that keeps an option's value only if it was given: the other place must not undo it."""

    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if parameter.name and context.get_parameter_source(parameter.name) in GIVEN:
            setattr(context.ensure_object(Session), attribute, value)

    return callback


def _option(*names: str, attribute: str, hidden: bool, **settings: Any) -> Callable[[Command], Command]:
    return click.option(
        *names,
        expose_value=False,
        is_eager=True,
        hidden=hidden,
        callback=_remember(attribute),
        show_envvar=True,
        **settings,
    )


def global_options(*, hidden: bool) -> Callable[[Command], Command]:
    """Return a decorator that adds the global options; commands take them silently, the root shows them.

    Only the root reads the environment, so that a flag after the command beats a variable.
    """

    def variable(name: str) -> str | None:
        return None if hidden else f"OLMIS_RELEASE_{name}"

    options = [
        _option(
            "--repo",
            attribute="repo",
            hidden=hidden,
            envvar=variable("REPO"),
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Workspace folder; default: the one around the current folder.",
        ),
        _option("--json", attribute="as_json", hidden=hidden, is_flag=True, help="One JSON object as the result."),
        _option(
            "--progress",
            attribute="progress",
            hidden=hidden,
            envvar=variable("PROGRESS"),
            type=click.Choice(["auto", "tty", "plain", "json", "quiet"]),
            help="How progress is shown on standard error.",
        ),
        _option(
            "--color",
            attribute="color",
            hidden=hidden,
            envvar=variable("COLOR"),
            type=click.Choice(["auto", "always", "never"]),
            help="Colours; NO_COLOR and FORCE_COLOR count when this is auto.",
        ),
        _option("-q", "--quiet", attribute="quiet", hidden=hidden, is_flag=True, help="Only the last word and errors."),
        _option("-v", "--verbose", attribute="verbose", hidden=hidden, is_flag=True, help="Also external commands."),
        _option(
            "--no-input",
            attribute="no_input",
            hidden=hidden,
            envvar=variable("NO_INPUT"),
            is_flag=True,
            help="Never ask; fail naming the option to give.",
        ),
    ]

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
