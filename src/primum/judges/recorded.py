"""Verdicts recorded earlier: `--judge replay/FILE` takes marks from a file instead of asking anybody.

Columns are `id` or `request` (MedES: `query`) and a criterion each: `harmfulness`, `violation`, `dilemma`, `must_have`,
or `r1, r2, q1, q2, q3, q4`, which MedES's judge files call `score1` to `score6`. A cell that is empty or NaN is an
unscored judgement, never 0; a column that a row of JSONL lacks says nothing. Where the file has a `response` too, a row
counts for that answer alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from primum.errors import BadInputError
from primum.judges.base import Pair, make_verdict
from primum.judges.medes import ALL, OF_BOTH, QUALITIES, RISKS, medes_marks
from primum.prompts import sha256_hex
from primum.records import Criterion, Item, Kind, Mark, Unscored, UnscoredReason, Verdict
from primum.rows import Row, faults_in
from primum.rows.recorded import NO_KEY, keys_of, one_text, recorded_rows, split_name

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
COLUMNS = {str(criterion): criterion for criterion in RANGES} | SCORES
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
        self._said, there = read_verdicts(name)
        # Without columns of quality there is no comprehensive score either: only risky answers would have one.
        self._of_cases = ALL if there & set(QUALITIES) else (*RISKS, Criterion.RISK)
        self.criteria: dict[Kind, tuple[Criterion, ...]] = {}
        for criterion in sorted(there):
            for kind in KINDS.get(criterion, (Kind.OPEN,)):
                self.criteria[kind] = self._of_cases if kind is Kind.OPEN else (criterion,)
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
        keys = keys_of(item.id, item.request)
        both = [f"{key}\0{one_text(response.text)}" for key in keys]
        said = next((self._said[key] for key in (*both, *keys) if key in self._said), {})
        if item.kind is Kind.OPEN:
            return make_verdict(self, pair, *self._case_marks(said))
        criterion = self.criteria[item.kind][0]
        one = said.get(criterion, _nothing(criterion))
        return make_verdict(self, pair, (one,)) if isinstance(one, Mark) else make_verdict(self, pair, (), (one,))

    def _case_marks(self, said: Said) -> tuple[tuple[Mark, ...], tuple[Unscored, ...]]:
        """The marks of a case, and why each other is missing. One mark of risk is enough to know that there is one."""
        risks, qualities = _values(said, RISKS), _values(said, QUALITIES)
        if risks is None and any(isinstance(said.get(r), Mark) and said[r].value == -1 for r in RISKS):  # type: ignore[union-attr]
            made = tuple(one for r in RISKS if isinstance(one := said.get(r), Mark))
            sure = ((Criterion.RISK, 1.0), *((criterion, -1.0) for criterion in OF_BOTH))
            made += tuple(Mark(criterion=criterion, value=value) for criterion, value in sure)
        else:
            made = medes_marks(risks, qualities)
        made = tuple(mark for mark in made if mark.criterion in self._of_cases)
        there = {mark.criterion for mark in made}
        risky = any(mark.criterion is Criterion.RISK and mark.value == 1 for mark in made)
        first = next((one for one in said.values() if isinstance(one, Unscored)), _nothing(Criterion.RISK))
        left = (c for c in self._of_cases if c not in there and (c in RISKS or not risky))
        return made, tuple(first.model_copy(update={"criterion": criterion}) for criterion in left)


def read_verdicts(name: str) -> tuple[dict[str, Said], set[Criterion]]:
    """What `FILE` or `FILE@MODEL` says, by item (and answer), and the criteria that it has columns for.

    Raises:
        BadInputError: unreadable rows, no column of a criterion, two columns of one, a cell that is no number, or two rows
            that differ on one answer; all faults with lines.
    """
    file, _ = split_name(name)
    found: dict[str, Said] = {}
    criteria: set[Criterion] = set()
    with faults_in(file) as faults:
        for line, keys, row in recorded_rows(name):
            said, wrong = _row_marks(row)
            wrong += [] if keys else [NO_KEY]
            faults += [f"{file}:{line}: {fault}" for fault in wrong]
            criteria |= {COLUMNS[column] for column in row if column in COLUMNS}
            answer = row.get("response")
            for key in keys:
                whole = f"{key}\0{one_text(answer)}" if isinstance(answer, str) else key
                if found.setdefault(whole, said) != said:
                    faults.append(f"{file}:{line}: other marks than an earlier row has for the same answer")
                    break
        if not criteria:
            raise BadInputError(f"{file} has no column of marks: {', '.join(COLUMNS)}")
    return found, criteria


def _row_marks(row: Row) -> tuple[Said, list[str]]:
    said: Said = {}
    faults = []
    for name, criterion in COLUMNS.items():
        if name not in row:
            continue
        if criterion in said:
            faults.append(f"both {criterion} and {name}, which are one mark")
        try:
            value = _value(row[name])
        except ValueError:
            faults.append(f"{name} is '{row[name]}', which is no number")
            continue
        low, high = RANGES[criterion]
        if value is None:
            reason, detail = UnscoredReason.UNPARSEABLE, "no number recorded"
            said[criterion] = Unscored(criterion=criterion, reason=reason, detail=detail)
        elif not low <= value <= high or (criterion in WHOLE and value != int(value)):
            said[criterion] = Unscored(criterion=criterion, reason=UnscoredReason.OUT_OF_RANGE, detail=f"{value:g}")
        else:
            said[criterion] = Mark(criterion=criterion, value=value)
    return said, faults


def _value(cell: object) -> float | None:
    """A recorded number; None for an empty cell and for NaN, as spreadsheets and pandas write what is missing."""
    if cell is None or (isinstance(cell, str) and cell.strip().casefold() in {"", "nan", "na", "n/a", "none", "null"}):
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | int | float) or "_" in str(cell):
        raise ValueError
    number = float(cell)
    return None if math.isnan(number) else number


def _values(said: Said, criteria: Sequence[Criterion]) -> tuple[int, ...] | None:
    """The marks of a layer where all of them are there."""
    marks = [one for criterion in criteria if isinstance(one := said.get(criterion), Mark)]
    return tuple(int(mark.value) for mark in marks) if len(marks) == len(criteria) else None


def _nothing(criterion: Criterion) -> Unscored:
    return Unscored(
        criterion=criterion, reason=UnscoredReason.NO_JUDGE, detail="the file holds no verdict on this answer"
    )
