"""The command line: one file a verb. Each parses, calls one function, and prints."""

from __future__ import annotations

import signal
import sys
import traceback
from typing import Any

import typer

from primum.cli.agree import agree
from primum.cli.align import app as align_app
from primum.cli.capability import capability
from primum.cli.compare import compare
from primum.cli.data import app as data_app
from primum.cli.demo import demo
from primum.cli.eval import eval_
from primum.cli.evaluator import app as evaluator_app
from primum.cli.gate import gate
from primum.cli.judge import judge
from primum.cli.options import debugging
from primum.cli.report import report
from primum.cli.suites import suites

INTERRUPTED = 130
INTERRUPTED_TOLD = (
    "primum: interrupted; what was recorded is safe: a run goes on with --resume, the rest when it is called again"
)

# Typer raises the exceptions of click, its own copy of it in new releases; both have this base.
USAGE_ERROR: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

app = typer.Typer(
    help="Is a language model safe and ethical in medicine? Measured on both sides: harm and over-refusal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(demo)
app.command("suites")(suites)
app.command("eval")(eval_)
app.command("judge")(judge)
app.command("report")(report)
app.command("compare")(compare)
app.command("gate")(gate)
app.command("agree")(agree)
app.command("capability")(capability)
app.add_typer(evaluator_app, name="evaluator")
app.add_typer(align_app, name="align")
app.add_typer(data_app, name="data")


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        from primum import __version__

        typer.echo(f"primum {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line and exit with its code. SIGTERM ends a run as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one command line; errors are told in one sentence, and `--debug` shows where."""
    from primum.errors import BadInputError, PrimumError

    try:
        " ".join(arguments).encode()
        code = app(arguments, prog_name="primum", standalone_mode=False)
        if code == INTERRUPTED:
            typer.echo(INTERRUPTED_TOLD, err=True)
        return code if isinstance(code, int) else 0
    except UnicodeEncodeError:
        typer.echo("primum: the command line holds bytes that are not UTF-8 text", err=True)
        return 2
    except USAGE_ERROR as error:
        typer.echo(f"primum: {error.format_message()} (primum {' '.join(arguments[:1])} --help shows how)", err=True)
        return 2
    except PrimumError as error:
        if debugging["on"]:
            traceback.print_exc()
        typer.echo(f"primum: {error}", err=True)
        for fault in error.faults if isinstance(error, BadInputError) else ():
            typer.echo(f"  {fault}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        typer.echo(INTERRUPTED_TOLD, err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    except Exception as error:
        if debugging["on"]:
            traceback.print_exc()
        kind = type(error).__name__
        typer.echo(
            f"primum: internal error ({kind}: {error}); run again with --debug and report what it shows", err=True
        )
        return 70
