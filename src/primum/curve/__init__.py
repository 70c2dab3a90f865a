"""The experiment of the papers (Han et al. 2024, section 4): safety and ability against the number of training examples.

plan -> for the base and every arm, n and seed: adapter -> run -> exams -> points with intervals -> json, csv, chart

A curve's folder holds `curve.json`, `curve.csv`, `curve.svg`, `data/` (the examples by group) and a folder a cell,
`<arm>-<n>-<seed>/adapter` and `.../run`, and `base/run`. Killed anywhere, the same command goes on.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from pydantic import ValidationError

import primum
from primum.align.adapter import locked
from primum.curve.cells import Told, ask_cell, examine_cell, run_of, train_cell
from primum.curve.chart import draw_chart
from primum.curve.examples import DATA, write_groups
from primum.curve.plan import Planned, cells_of, plan_curve, short_of_benign
from primum.curve.points import find_leads, read_points
from primum.curve.show import curve_csv, curve_table
from primum.errors import BadInputError
from primum.evaluate import Tools
from primum.evaluator.encoder.recipe import replace_whole
from primum.records import Curve, CurvePlan

__all__ = ["Told", "carry_out_curve", "curve_table", "plan_curve"]

CURVE, TABLE, CHART = "curve.json", "curve.csv", "curve.svg"
GROWS = ("numbers", "seeds")  # a curve may be given more of these later: its cells stand for themselves


def carry_out_curve(planned: Planned, out: Path, tools: Tools, told: Told) -> Curve:
    """Make every cell of a curve that is not there yet, then its numbers and its chart.

    Raises:
        BadInputError: the folder holds something else, or another process works in it; a model, judge or exam does not open.
        StoppedError: stopped from outside; the same command goes on.
    """
    _check_folder(out)
    plan = planned.plan
    with locked(out):
        curve = _save(_taken_up(planned, out), out)
        write_groups(planned.examples, out)
        for note in curve.notes:
            told.say(f"note: {note}")
        cells = cells_of(plan)
        for place, cell in enumerate(cells, 1):
            told.say(f"{place} of {len(cells)}: {cell.name}")
            model = train_cell(cell, planned, out, tools.data, told)
            ask_cell(run_of(out, cell), plan.run.model_copy(update={"model": model}), tools, told)
            examine_cell(run_of(out, cell), plan.exams, tools)
        return _finish(curve, out)


def _check_folder(out: Path) -> None:
    try:
        there = sorted(name for name in (file.name for file in out.iterdir()) if not name.startswith("."))
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadInputError(f"cannot use the folder {out}: {error.strerror}") from error
    if there and CURVE not in there:
        raise BadInputError(f"{out} is not empty and holds no curve (it holds {there[0]}): choose another --out")


def _taken_up(planned: Planned, out: Path) -> Curve:
    """The curve of a folder with this plan: new, or the one that was begun there.

    Raises:
        BadInputError: it was begun with another plan, and something of it is there.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    plan, notes = planned.plan, tuple(short_of_benign(planned.plan))
    new = Curve(plan=plan, notes=notes, versions={"primum": primum.__version__}, created=now)
    if not (out / CURVE).exists() or not _has_cells(out):  # of what failed at once nothing is there to keep
        return new
    try:
        before = Curve.model_validate_json((out / CURVE).read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInputError(f"{out / CURVE} does not read as a curve: choose another --out") from error
    for name in CurvePlan.model_fields:
        if name not in GROWS and getattr(before.plan, name) != getattr(plan, name):
            raise BadInputError(
                f"{out} holds another curve (its {_differing(before.plan, plan, name)} differs): choose another --out"
            )
    return new.model_copy(update={"created": before.created})


def _has_cells(out: Path) -> bool:
    """True where a folder of any cell is there, of this plan or of another."""
    return any(file.is_dir() and file.name != DATA and not file.name.startswith(".") for file in out.iterdir())


def _differing(before: CurvePlan, plan: CurvePlan, name: str) -> str:
    """What differs, by the name that a user knows."""
    if name == "run":
        return next(
            field for field in type(plan.run).model_fields if getattr(before.run, field) != getattr(plan.run, field)
        )
    return {"data_sha256": "data", "usable": "data, or what it must share nothing with,"}.get(name, name)


def _save(curve: Curve, out: Path) -> Curve:
    replace_whole(out / CURVE, lambda part: part.write_bytes(curve.model_dump_json(indent=1).encode() + b"\n"))
    return curve


def _finish(curve: Curve, out: Path) -> Curve:
    points, failed = read_points(curve.plan, out)
    finished = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    update = {"points": points, "leads": find_leads(curve.plan, points), "failed": failed, "finished": finished}
    curve = curve.model_copy(update=update | {"state": "done"})
    for name, text in ((TABLE, curve_csv(curve)), (CHART, draw_chart(curve))):
        replace_whole(out / name, lambda part, text=text: part.write_text(text, encoding="utf-8"))  # type: ignore[misc]
    return _save(curve, out)
