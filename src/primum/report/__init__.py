"""What people see of a run: tables for the terminal and for scripts, and one self-contained page."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from primum.errors import BadInputError, StoppedError
from primum.ledger import check_run
from primum.records import Comparison, Run, Summary
from primum.report.differences import compare_table
from primum.report.formats import eval_object, junit, markdown, rows_as_csv
from primum.report.tables import eval_table

__all__ = ["compare_table", "eval_object", "eval_table", "read_summary", "write_report"]

FORMATS = ("html", "md", "csv", "json", "junit")


def write_report(
    runs: Sequence[Path],
    format: str,
    output: Path | None,
    include_harmful: bool,
    *,
    comparison: Comparison | None = None,
    incomparable: str = "",
) -> tuple[Path | None, str]:
    """The report of one or more runs: its path when it went to a file, and its text.

    Without `output` a page is written to `report.html` in the first run's folder; other formats are only returned. Of two
    runs the page also shows their `comparison`, or says why there is none (`incomparable`, a sentence without its stop).

    Raises:
        BadInputError: an unknown format, a folder that holds no finished run, or a file that cannot be written.
    """
    if format not in FORMATS:
        raise BadInputError(f"no format '{format}': known are {', '.join(FORMATS)}")
    if format == "html":
        from primum.report.page import render_page

        text = render_page(runs, include_harmful, comparison, incomparable)
        output = output or runs[0] / "report.html"
    else:
        found = [(path, check_run(path), read_summary(path)) for path in runs]
        text = {"md": markdown, "csv": rows_as_csv, "json": _json, "junit": junit}[format](found)
    if output is not None:
        _write(output, text)
    return output, text


def _write(output: Path, text: str) -> None:
    """A file is whole or as it was: what cannot be written does not destroy the one before. A device is written to."""
    part = output.with_name(f".{output.name}.part") if output.is_file() or not output.exists() else output
    try:
        part.write_text(text, encoding="utf-8")
        if part != output:
            part.replace(output)
    except OSError as error:
        if part != output:
            part.unlink(missing_ok=True)
        told = f"cannot write the report {output}: {error.strerror}"
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        raise (StoppedError(told) if full else BadInputError(told)) from error


def read_summary(run: Path) -> Summary:
    """The `estimates.json` of a finished run.

    Raises:
        BadInputError: there is none yet, or it does not read.
    """
    file = run / "estimates.json"
    try:
        return Summary.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise BadInputError(f"{run} has no estimates yet: finish it with primum eval --resume {run}") from None
    except ValueError as error:
        raise BadInputError(f"{file} does not read; primum judge {run} --judge auto makes it anew") from error


def _json(found: Sequence[tuple[Path, Run, Summary]]) -> str:
    import orjson

    return orjson.dumps({"runs": [eval_object(*one) for one in found]}, option=orjson.OPT_INDENT_2).decode()
