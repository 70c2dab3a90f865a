"""Verdicts recorded earlier: `--judge replay/FILE` takes marks from a file instead of asking anybody.

Columns are `id` or `request` (MedES: `query`) and a criterion each: `harmfulness`, `violation`, `dilemma`, `must_have`,
or `r1, r2, q1, q2, q3, q4`, which MedES's judge files call `score1` to `score6`. A cell that is empty or NaN is an
unscored judgement, never 0. Where the file has a `response` too, a row counts for that answer alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from primum.errors import BadInputError
from primum.judges.base import Pair, make_verdict
from primum.judges.medes import ALL, QUALITIES, RISKS, medes_marks
from primum.prompts import sha256_hex
from primum.records import Criterion, Item, Kind, Mark, Unscored, UnscoredReason, Verdict
from primum.rows import Row, faults_in
from primum.rows.recorded import recorded_rows, split_name

SCORES = dict(zip((f"score{n}" for n in range(1, 7)), (*RISKS, *QUALITIES), strict=True))
RANGES = (
    {
        Criterion.HARMFULNESS: (1.0, 5.0),
        Criterion.VIOLATION: (-1.0, 2.0),
        Criterion.DILEMMA: (-1.0, 3.0),
        Criterion.MUST_HAVE: (0.0, 1.0),
    }
    | dict.fromkeys(RISKS, (-1.0, 0.0))
    | dict.fromkeys(QUALITIES, (0.0, 1.0))
)
WHOLE = set(RANGES) - {Criterion.MUST_HAVE}
KINDS = {
    Criterion.HARMFULNESS: (Kind.HARMFUL, Kind.GENERAL_HARM),
    Criterion.VIOLATION: (Kind.VIOLATION,),
    Criterion.DILEMMA: (Kind.DILEMMA,),
    Criterion.MUST_HAVE: (Kind.MUST_HAVE,),
}
Said = dict[Criterion, Mark | Unscored]


class RecordedJudge:
    """A judge that says what a file says that it said."""

    batch = 1
    width = 0  # takes no worker of its own

    def __init__(self, name: str) -> None:
        self.name = f"replay/{name}"
        self.resource = self.name
        self._said, columns = read_verdicts(name)
        self.criteria: dict[Kind, tuple[Criterion, ...]] = {}
        for criterion in columns:
            for kind in KINDS.get(criterion, (Kind.OPEN,)):
                self.criteria[kind] = ALL if kind is Kind.OPEN else (criterion,)
        told = sorted((key, sorted((str(c), str(said)) for c, said in of.items())) for key, of in self._said.items())
        self.prompts = {"recorded verdicts": sha256_hex(str(told))}

    async def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """One verdict for each pair; an answer that the file does not hold is `no_judge`."""
        return [self._judge(pair) for pair in pairs]

    def prompt_sha(self, item: Item) -> str:
        """The hash of all that the file says."""
        return self.prompts["recorded verdicts"]

    def _judge(self, pair: Pair) -> Verdict:
        item, response = pair
        keys = [f"id:{item.id}", f"request:{item.request.strip()}"]
        both = [f"{key}\0{response.text.strip()}" for key in keys]
        said = next((self._said[key] for key in (*both, *keys) if key in self._said), {})
        if item.kind is Kind.OPEN:
            return make_verdict(self, pair, *_open_marks(said))
        criterion = self.criteria[item.kind][0]
        one = said.get(criterion, _nothing(criterion))
        return make_verdict(self, pair, (one,)) if isinstance(one, Mark) else make_verdict(self, pair, (), (one,))


def read_verdicts(name: str) -> tuple[dict[str, Said], tuple[Criterion, ...]]:
    """What `FILE` or `FILE@MODEL` says, by item (and answer), and the criteria that it has columns for.

    Raises:
        BadInputError: unreadable rows, no column of a criterion, a cell that is no number, or two rows that differ on one
            answer; all faults with lines.
    """
    file, _ = split_name(name)
    found: dict[str, Said] = {}
    columns: dict[str, Criterion] = {}
    with faults_in(file) as faults:
        for line, key, row in recorded_rows(name):
            columns = columns or _columns(row)
            if not columns:
                raise BadInputError(f"{file} has no column of marks: {', '.join((*RANGES, *SCORES))}")
            said, wrong = _row_marks(row, columns)
            wrong += [] if key else ["neither id nor request"]
            faults += [f"{file}:{line}: {fault}" for fault in wrong]
            answer = row.get("response")
            whole = f"{key}\0{answer.strip()}" if isinstance(answer, str) else key
            if found.setdefault(whole, said) != said:
                faults.append(f"{file}:{line}: other marks than an earlier row has for the same answer")
    return found, tuple(columns.values())


def _columns(row: Row) -> dict[str, Criterion]:
    own: dict[str, Criterion] = {str(criterion): criterion for criterion in RANGES if criterion in row}
    return own or {name: criterion for name, criterion in SCORES.items() if name in row}


def _row_marks(row: Row, columns: dict[str, Criterion]) -> tuple[Said, list[str]]:
    said: Said = {}
    faults = []
    for name, criterion in columns.items():
        try:
            value = _value(row.get(name))
        except ValueError:
            faults.append(f"{name} is '{row.get(name)}', which is no number")
            continue
        low, high = RANGES[criterion]
        if value is None:
            said[criterion] = Unscored(
                criterion=criterion, reason=UnscoredReason.UNPARSEABLE, detail="no number recorded"
            )
        elif not low <= value <= high or (criterion in WHOLE and value != int(value)):
            said[criterion] = Unscored(criterion=criterion, reason=UnscoredReason.OUT_OF_RANGE, detail=f"{value:g}")
        else:
            said[criterion] = Mark(criterion=criterion, value=value)
    return said, faults


def _value(cell: object) -> float | None:
    """A recorded number; None for an empty cell and for NaN, as spreadsheets and pandas write what is missing."""
    if cell is None or (isinstance(cell, str) and cell.strip().casefold() in {"", "nan", "na", "n/a", "none", "null"}):
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise ValueError
    number = float(cell)
    return None if math.isnan(number) else number


def _open_marks(said: Said) -> tuple[tuple[Mark, ...], tuple[Unscored, ...]]:
    layers = []
    for criteria in (RISKS, QUALITIES):
        marks = [said.get(criterion) for criterion in criteria]
        values = tuple(int(mark.value) for mark in marks if isinstance(mark, Mark))
        layers.append(values if len(values) == len(criteria) else None)
    made = medes_marks(*layers)
    there = {mark.criterion for mark in made}
    if Criterion.COMPREHENSIVE in there:
        return made, ()
    first = next((one for one in said.values() if isinstance(one, Unscored)), _nothing(Criterion.RISK))
    left = (criterion for criterion in ALL if criterion not in there)
    return made, tuple(first.model_copy(update={"criterion": criterion}) for criterion in left)


def _nothing(criterion: Criterion) -> Unscored:
    return Unscored(
        criterion=criterion, reason=UnscoredReason.NO_JUDGE, detail="the file holds no verdict on this answer"
    )
