"""Every noun that touches disk, as frozen pydantic models.

Ids are content hashes: times, token counts and costs never enter one, so a record made twice has one id.
A missing judgement is an `Unscored` with a reason and a missing answer is a `Failure` with a kind;
neither is ever a number.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A frozen record with one JSON line as its form on disk. Unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> bytes:
        """The record as one JSON line, newline included; absent optional values are left out."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True) + b"\n"


def content_id(*parts: Any) -> str:
    """A 32-digit hexadecimal id of JSON-able parts (SHA-256, first 128 bits).

    >>> content_id("a", 1) == content_id("a", 1) != content_id("a", "1")
    True
    """
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def whole_text(text: str) -> str:
    """The text with what is no valid Unicode (lone surrogates) replaced, so that it can be stored.

    >>> whole_text("a\\ud83d"), whole_text("吗")
    ('a?', '吗')
    """
    return text.encode("utf-8", "replace").decode("utf-8")


class Kind(StrEnum):
    """What an item asks of a model, and so which criteria apply to the answer.

    `harmful`: a request that breaks medical ethics; `general_harm`: a harmful one that is not about medicine;
    `benign`: a legitimate one; `must_have`: a legitimate one whose `reference` lists, a line each, the facts that a good
    answer holds; `choice`: a question with lettered options; `open`: a case for MedES's judge; `violation` and
    `dilemma`: MedEthicEval's.
    """

    HARMFUL = "harmful"
    GENERAL_HARM = "general_harm"
    BENIGN = "benign"
    MUST_HAVE = "must_have"
    CHOICE = "choice"
    OPEN = "open"
    VIOLATION = "violation"
    DILEMMA = "dilemma"


class Item(Record):
    """One thing to ask a model. `family` is the cluster of the statistics: an item, its benign twin,
    its rewrites and translations share one. An item that stands `aside` counts in the numbers of its own source, not in
    its suite's headline. `twin` counts the earlier items of its suite that make the same request. `jargon` is the share of its words that are medical terms; `rationale` says why a key is right.
    """

    id: str
    sha256: str
    suite: str
    kind: Kind
    request: str
    family: str
    options: tuple[str, ...] = ()
    reference: str = ""
    principle: str = ""
    scenario: str = ""
    style: str = ""
    language: str = "en"
    source: str = ""
    aside: bool = False
    twin: int = 0
    jargon: float | None = None
    rationale: str = ""

    @classmethod
    def make(cls, **fields: Any) -> Self:
        """An item with the hash of its content; `family` defaults to the item's own id."""
        content = [
            fields["kind"],
            fields["request"],
            list(fields.get("options", ())),
            fields.get("reference", ""),
        ]
        fields.setdefault("family", fields["id"])
        return cls(sha256=hashlib.sha256(orjson.dumps(content)).hexdigest(), **fields)


class FailureKind(StrEnum):
    """Why there is no answer to judge."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    BAD_REQUEST = "bad_request"
    BAD_RESPONSE = "bad_response"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    FILTERED = "filtered"
    NOT_RECORDED = "not_recorded"


class Failure(Record):
    """A missing answer and its kind. `filtered`: the provider withheld it."""

    kind: FailureKind
    detail: str = ""


class Reply(Record):
    """One answer of a model: the text to be judged, its reasoning trace apart, and what it cost."""

    text: str
    reasoning: str = ""
    finish: str = "stop"
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Response(Record):
    """A model's answer to an item, or the failure to get one. `attempt` counts resumed tries; the last holds."""

    v: Literal[1] = 1
    id: str
    item_id: str
    item_sha256: str
    suite: str
    model: str
    sample: int = 0
    attempt: int = 0
    text: str = ""
    reasoning: str = ""
    finish: str = ""
    failure: Failure | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0
    at: float = 0.0

    @property
    def judgeable(self) -> bool:
        """True for an answer with text, and for one that the provider withheld (it counts as a refusal)."""
        return self.failure is None or self.failure.kind is FailureKind.FILTERED


class Criterion(StrEnum):
    """What a mark is about. `r1` to `q4` are MedES's two layers, and the five after them follow from those."""

    HARMFULNESS = "harmfulness"
    REFUSAL = "refusal"
    DEGENERATE = "degenerate"
    CORRECT = "correct"
    R1 = "r1"
    R2 = "r2"
    Q1 = "q1"
    Q2 = "q2"
    Q3 = "q3"
    Q4 = "q4"
    RISK = "risk"
    QUALITY = "quality"
    QUALITY_PLAIN = "quality_plain"
    COMPREHENSIVE = "comprehensive"
    COMPREHENSIVE_PLAIN = "comprehensive_plain"
    VIOLATION = "violation"
    DILEMMA = "dilemma"
    MUST_HAVE = "must_have"


class UnscoredReason(StrEnum):
    """Why there is no mark. The first six are what a judge did; the others say that no judge spoke, or, of a panel,
    that its judges gave no majority, or, of an evaluator, that it was not sure enough. `not_asked`: `--until`
    had its answer without that item."""

    REFUSED = "refused"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    OUT_OF_RANGE = "out_of_range"
    UNPARSEABLE = "unparseable"
    FILTERED = "filtered"
    JUDGE_FAILED = "judge_failed"
    NO_RESPONSE = "no_response"
    NO_JUDGE = "no_judge"
    PENDING = "pending"
    NO_MAJORITY = "no_majority"
    NOT_ASKED = "not_asked"
    UNSURE = "unsure"


class Mark(Record):
    """One judgement on one criterion, by a judge or a person. `label` is its word, e.g. `partial`; `confidence` the chance
    that the value is right, where a judge gives one."""

    criterion: Criterion
    value: float
    label: str = ""
    confidence: float | None = None


class Unscored(Record):
    """A judgement that could not be made, and why."""

    criterion: Criterion
    reason: UnscoredReason
    detail: str = ""


class Verdict(Record):
    """What one judge said of one response: marks, what it could not mark, and its reasons. A `repeat` above 0 is a
    second judgement of the same answer: it tells how steady the judge is and enters no other number."""

    v: Literal[1] = 1
    id: str
    response_id: str
    item_id: str
    judge: str
    prompt_sha256: str
    attempt: int = 0
    repeat: int = 0
    marks: tuple[Mark, ...] = ()
    unscored: tuple[Unscored, ...] = ()
    reason: str = ""
    calls: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    at: float = 0.0


class Label(Record):
    """What one person said of one response, and how the response came to be labelled. A criterion that was asked and not
    answered is among the `unscored`. `response_hash` names request and answer by their texts, `place` is the file and line;
    without a `probability` of being drawn the label cannot be weighed."""

    v: Literal[1] = 1
    response_id: str
    item_id: str
    response_hash: str
    rater: str
    marks: tuple[Mark, ...] = ()
    unscored: tuple[Unscored, ...] = ()
    stratum: str = ""
    probability: float | None = None
    place: str = ""

    @property
    def file(self) -> str:
        """The file it stands in."""
        return self.place.rpartition(":")[0]


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


class RunPlan(Record):
    """All that decides what a run measures; a resumed run must have the same."""

    model: str
    suites: tuple[str, ...]
    judges: tuple[str, ...] = ("auto",)
    protocol: Literal["primum", "paper"] = "primum"
    system: str = ""
    temperature: float = 0.0
    max_tokens: int = 512
    judge_max_tokens: int = 1024
    samples: int = 1
    retest: float = Field(default=0.05, ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    limit: int | None = None
    until: str = ""

    def generation(self) -> list[Any]:
        """The settings that take part in a response's id."""
        seed = self.seed if self.temperature > 0 else 0
        return [self.system, self.temperature, self.max_tokens, seed]


class Run(Record):
    """`run.json`: the plan, how it was carried out, and where it stands. `deciders` are the judges whose marks answer
    `--until`: those that were named when the run began. `labels` are the files of people's labels, with their hashes.
    `evaluators` tell of each trained evaluator what it is worth, and `taught` which items it was trained on."""

    schema_version: Literal[1] = 1
    id: str
    plan: RunPlan
    state: Literal["running", "stopped", "done"] = "running"
    items: int = 0
    kinds: tuple[Kind, ...] = ()
    deciders: tuple[str, ...] = ()
    items_sha256: str = ""
    responses_sha256: str = ""
    created: str = ""
    finished: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    endpoints: dict[str, str] = Field(default_factory=dict)
    prompts: dict[str, str] = Field(default_factory=dict)
    evaluators: dict[str, str] = Field(default_factory=dict)
    taught: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    data: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    usage: dict[str, int] = Field(default_factory=dict)
    seconds: dict[str, float] = Field(default_factory=dict)


PAPER = " (paper)"  # ends the name of a judge that judges in a paper's published form


def response_id(item: Item, plan: RunPlan, sample: int) -> str:
    """`Response.id`: item id and content, model, generation settings, sample number."""
    return content_id(item.id, item.sha256, plan.model, plan.generation(), sample)


def verdict_id(response: Response, judge: str, prompt_sha256: str, repeat: int = 0) -> str:
    """`Verdict.id`: response id and text, judge, prompt hash; and which repetition it is, if it is one."""
    withheld = response.failure.kind.value if response.failure else ""
    repeated = (repeat,) if repeat else ()
    return content_id(response.id, response.text, withheld, judge, prompt_sha256, *repeated)
