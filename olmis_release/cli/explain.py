"""`explain`: what an E- id or an exit code means, and what to do."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.explanations import EXPLANATIONS, Explanation
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.errors import EXIT_CODES, BadInput, ReleaseError, UsageError


def _complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    return [CompletionItem(code) for code in EXPLANATIONS if code.startswith(begun.upper())]


@click.command(
    cls=ExampleCommand,
    short_help="what an error id or exit code means",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release explain E-PLAN-STALE",
        "olmis-release explain 9",
    ],
)
@click.argument("code", metavar="[E-ID|EXIT-CODE]", required=False, shell_complete=_complete)
@global_options(hidden=True)
def explain(*, code: str | None) -> Result:
    """Say what an error's id (or an exit code) means and what to do; without one, list them all."""
    if code is None:
        return _result(EXPLANATIONS)
    if code.isdecimal():
        return _exit_code(int(code))
    wanted = _explained(code.upper())
    if wanted not in EXPLANATIONS:
        from olmis_release.text import did_you_mean

        raise UsageError(
            f"There is no id {code}. {did_you_mean(wanted, EXPLANATIONS)}".rstrip(),
            resolution="olmis-release explain",
        )
    return _result({wanted: EXPLANATIONS[wanted]})


def _explained(code: str) -> str:
    """Return the id under which a warning is explained, or a defect as ``policy.yml`` names it."""
    as_error = f"E-{code.removeprefix('W-')}"
    return as_error if code not in EXPLANATIONS and as_error in EXPLANATIONS else code


def exit_code_of(code: str) -> int:
    """Return the exit code that an id ends a command with; problems in files are bad input."""
    own = EXPLANATIONS[code].exit_code
    if own is not None:
        return own
    return next((one.exit_code for one in _classes(ReleaseError) if one.code == code), BadInput.exit_code)


def _classes(root: type[ReleaseError]) -> list[type[ReleaseError]]:
    return [root, *(one for child in root.__subclasses__() for one in _classes(child))]


def _result(chosen: dict[str, Explanation]) -> Result:
    if len(chosen) == 1:
        [(code, one)] = chosen.items()
        text = f"{code} (exit code {exit_code_of(code)})\n{one.meaning}\nWhat to do: {one.advice}"
    else:
        from olmis_release.cli.tables import table

        rows = [(code, str(exit_code_of(code)), one.meaning) for code, one in sorted(chosen.items())]
        text = table(["ID", "EXIT", "MEANING"], rows)
    return Result(
        text=text,
        data={
            "errors": [
                {"code": code, "exit_code": exit_code_of(code), "meaning": one.meaning, "advice": one.advice}
                for code, one in sorted(chosen.items())
            ]
        },
        state=NOTHING_TOUCHED,
        next="olmis-release status" if len(chosen) == 1 else "olmis-release explain ID",
    )


def _exit_code(status: int) -> Result:
    if status not in EXIT_CODES:
        raise UsageError(f"There is no exit code {status}.", resolution="olmis-release --help")
    codes = [code for code in sorted(EXPLANATIONS) if exit_code_of(code) == status]
    return Result(
        text=f"{status}: {EXIT_CODES[status]}" + (f"\nIds: {', '.join(codes)}" if codes else ""),
        data={"exit_code": status, "meaning": EXIT_CODES[status], "codes": codes},
        state=NOTHING_TOUCHED,
        next=f"olmis-release explain {codes[0]}" if codes else "olmis-release --help",
    )
