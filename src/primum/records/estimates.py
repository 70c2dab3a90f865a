"""The numbers that come of marks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from primum.records.base import Record
from primum.records.verdicts import Criterion


class Estimate(Record):
    """A number with its interval. `value` is null where nothing was scored; the bounds say what the
    unscored could have made of it. A `rectified` one rests on `n_labels` labels of people too; `labels_saved` is how many
    more would be needed for as narrow an interval without the judge (below 0: fewer)."""

    suite: str
    judge: str
    kind: Literal["raw", "rectified"] = "raw"
    name: str
    group: dict[str, str] = Field(default_factory=dict)
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    clusters: int = 0
    method: str = ""
    unscored: int = 0
    unscored_reasons: dict[str, int] = Field(default_factory=dict)
    unscored_low: float | None = None
    unscored_high: float | None = None
    bca_low: float | None = None
    bca_high: float | None = None
    distribution: dict[str, int] | None = None
    incomplete: bool = False
    n_labels: int | None = None
    labels_saved: int | None = None


class Agreement(Record):
    """How far two judgements of the same answers agree on one criterion: two judges of a panel, one judge twice
    (`retest`), one judge in two forms, Primum's and a paper's (`forms`), or a judge and people (`people`). `same` is the share
    of answers with equal marks (with several people, how many of them say what the judge says), with its 95% interval; `gap`
    the mean absolute difference from their mean; `confidence` how sure the judge was on average, where it tells."""

    kind: Literal["people", "panel", "retest", "forms"]
    suite: str
    criterion: Criterion
    judges: tuple[str, ...]
    n: int
    same: float
    low: float
    high: float
    gap: float
    confidence: float | None = None


class Cost(Record):
    """What one judge took: verdicts, calls and tokens."""

    judge: str
    verdicts: int
    calls: int
    prompt_tokens: int
    completion_tokens: int


class Sequence(Record):
    """What `--until` asked (`asks`, `bound`), the `answer` (nothing where it is open), and the interval that gave it: one
    that holds at whatever moment the asking stops, for the mean over all `items` of the question.

    `n` items in `clusters` families have entered it, in the drawn order, `unscored` of them at both ends of the scale;
    the answer was there after `known_after`. `asked` counts the items that have a response, `not_asked` those that were
    spared, with those of the suite that stand aside.
    """

    suite: str
    judge: str
    name: str
    asks: Literal["width", "less", "more"]
    bound: float
    answer: Literal["", "yes", "no"]
    value: float | None
    low: float
    high: float
    n: int
    clusters: int
    unscored: int
    known_after: int | None = None
    asked: int
    items: int
    not_asked: int

    @property
    def stopped(self) -> bool:
        """True where the answer made it needless to ask the rest."""
        return bool(self.answer) and self.not_asked > 0


class Summary(Record):
    """`estimates.json`: what came of a run. `ok` counts answers, among them those that the provider withheld
    (`filtered`); `scored` and `unscored` count the mark that matters most for each item. `notes` are on people's labels."""

    ok: int
    failed: dict[str, int]
    filtered: int = 0
    scored: int
    unscored: dict[str, int]
    estimates: tuple[Estimate, ...]
    agreements: tuple[Agreement, ...] = ()
    costs: tuple[Cost, ...] = ()
    sequence: Sequence | None = None
    notes: tuple[str, ...] = ()

    @property
    def raw(self) -> tuple[Estimate, ...]:
        """The estimates by a judge alone."""
        return tuple(e for e in self.estimates if e.kind == "raw")

    @property
    def rectified(self) -> tuple[Estimate, ...]:
        """The estimates that people's labels set right."""
        return tuple(e for e in self.estimates if e.kind == "rectified")


class Difference(Record):
    """Candidate minus base of one number over paired items; negative is less. `n_labels` and `labels_saved` as of an
    estimate."""

    suite: str
    judge: str
    name: str
    group: dict[str, str] = Field(default_factory=dict)
    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    adjusted_p: float | None = None
    n: int
    clusters: int = 0
    unpaired: int = 0
    method: str = ""
    basis: Literal["judge-only", "expert-rectified"] = "judge-only"
    n_labels: int | None = None
    labels_saved: int | None = None


class Comparison(Record):
    """Paired differences between two runs."""

    base: str
    candidate: str
    pairs: int
    adjust: Literal["holm", "bonferroni"]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()
