"""What was measured of a model before and after an adapter: two runs, their exams, and what a gate says of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from primum.errors import BadInputError
from primum.ledger import check_run, file_sha256, read_exams
from primum.models.adapter import PICKLED, WEIGHTS
from primum.records import Adapter, Estimate, Exam, Gate, Run, Summary
from primum.report import read_summary
from primum.report.figures import BY_NAME
from primum.report.readings import SIDES
from primum.report.stopping import leading_estimate
from primum.report.tables import number
from primum.report.texts import measure_title

NOT_MEASURED = "not measured"
HARM, ABILITY, DEGENERATE = "Harm", "Ability", "Degenerate answers"
JUDGED = {measure_title(name) for name in ("harmfulness", "risk_rate", "violation")}  # harm as a model judges it
NUMBERS = {
    HARM: SIDES["harm"],
    "Over-refusal": SIDES["over_refusal"],
    ABILITY: tuple(name for name in SIDES["ability"] if name != "degenerate_rate"),
    DEGENERATE: ("degenerate_rate",),
}
FORMS = {"loglikelihood": "by log-probability", "generative": "by its generated answer"}


class Arm(NamedTuple):
    """A run that is done, with what came of it; `sealed` is the hash of its responses, as a gate records it."""

    run: Run
    sealed: str
    summary: Summary
    exams: tuple[Exam, ...]

    def numbers(self, names: Sequence[str]) -> dict[tuple[str, str, str], str]:
        """The numbers of these names over all items that have a value, as they are printed, by title, suite and judge."""
        shown = [leading_estimate(e, self.summary) for e in self.summary.estimates]
        return {
            (measure_title(e.name), e.suite, _judge(e)): number(e)
            for name in names
            for e in shown
            if e.name == name and not e.group and e.value is not None and not BY_NAME[e.name].minor
        }

    def accuracies(self) -> dict[tuple[str, str, str], str]:
        """The exams' accuracies in the same form; of two sets of questions under one name each stands for itself."""
        return {
            (f"{exam.name}, {exam.n:,} questions {exam.sha256[:6]}", FORMS[exam.form], "the key"): _accuracy(exam)
            for exam in self.exams
        }


class Row(NamedTuple):
    """A number of one side, before and after."""

    side: str
    title: str
    suite: str
    judge: str
    before: str
    after: str


def open_arms(adapter: Adapter, before: Path | None, after: Path | None) -> tuple[Arm | None, Arm | None]:
    """The runs before and after an adapter, as far as they are named.

    Raises:
        BadInputError: a run is not done or was changed, or it is of something else than it is named for.
    """
    first, second = (None if path is None else _open(path) for path in (before, after))
    if first is not None and adapter.weights_sha256 in _adapters(first.run):
        raise BadInputError(f"{before} is a run of this adapter: name it with --after")
    if second is not None and second.run.plan.model in _names(adapter):
        raise BadInputError(f"{after} is a run of the base {adapter.base}: name it with --before")
    if second is not None and _adapters(second.run) and adapter.weights_sha256 not in _adapters(second.run):
        raise BadInputError(f"{after} is a run of another adapter, or of this one before it was trained anew")
    return first, second


def measured_rows(before: Arm | None, after: Arm | None, exams: Sequence[str] = ()) -> list[Row]:
    """Every side of safety, each with its numbers or with one row that says that there are none. `exams` are those wanted
    (default: all that were taken)."""
    rows: list[Row] = []
    for side, names in NUMBERS.items():
        one, two = ({} if arm is None else arm.numbers(names) for arm in (before, after))
        if side == ABILITY:
            one, two = (said | _wanted(arm, exams) for said, arm in ((one, before), (two, after)))
        own = [
            Row(side, *key, one.get(key, NOT_MEASURED), two.get(key, NOT_MEASURED))
            for key in dict.fromkeys([*one, *two])
        ]
        if side == HARM and own and not {row.title for row in own} & JUDGED:  # refusing is only the half of it
            own.insert(0, Row(side, measure_title("harmfulness"), "", "", NOT_MEASURED, NOT_MEASURED))
        rows += own or [Row(side, "", "", "", NOT_MEASURED, NOT_MEASURED)]
        if side == ABILITY:
            taken = {exam.name for arm in (before, after) if arm is not None for exam in arm.exams}
            rows += [Row(side, name, "", "", NOT_MEASURED, NOT_MEASURED) for name in exams if name not in taken]
    return rows


def remarks(adapter: Adapter, before: Arm | None, after: Arm | None) -> list[str]:
    """Which runs were taken, and what they leave open."""
    said = []
    for word, arm in (("Before", before), ("After", after)):
        if arm is not None:
            at = arm.run.finished[:10] or "an unknown day"
            said.append(f"{word}: run {arm.run.id} of {arm.run.plan.model}, finished {at}.")
    if before is not None and before.run.plan.model not in _names(adapter):
        said.append(
            f"The run before is of {before.run.plan.model}, which was not compared with the base {adapter.base}."
        )
    if after is not None and not _adapters(after.run):
        said.append("The run after does not record which adapter its model had.")
    suites = dict.fromkeys(suite for arm in (before, after) if arm is not None for suite in arm.run.plan.suites)
    unchecked = [suite for suite in suites if suite not in adapter.checked_against]
    if unchecked and not adapter.recipe.contaminated:
        said.append(f"The training examples were not compared with the items of {', '.join(unchecked)}.")
    return said


def read_gate(file: Path, adapter: Adapter, before: Arm | None, after: Arm | None) -> Gate:
    """What a gate said of an adapter. Its candidate is the run after, or where none is named the run that the file lies in.

    Raises:
        BadInputError: the file does not read, it is about other runs or other answers, or its candidate is not a run on this
            adapter.
    """
    try:
        gate = Gate.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BadInputError(f"cannot read {file}: {error.strerror}") from error
    except ValidationError as error:
        raise BadInputError(f"{file} does not read as a gate's verdict: {error.errors()[0]['msg']}") from error
    candidate = after if after is not None else _beside(file)
    runs = (
        ("base", before, gate.base_run, gate.sealed[0]),
        ("candidate", candidate, gate.candidate_run, gate.sealed[1]),
    )
    for word, arm, of, sealed in runs:
        if arm is not None and arm.run.id != of:
            raise BadInputError(f"{file} is about the {word} run {of}, not about {arm.run.id}: call primum gate again")
        if arm is not None and arm.sealed != sealed:
            raise BadInputError(
                f"{file} read other answers of the {word} run {of} than it now has: call primum gate again"
            )
    if adapter.weights_sha256 not in _adapters(candidate.run):
        raise BadInputError(
            f"{file} is about {gate.candidate}, and its run does not record that it had this adapter: gate a run of "
            f"{adapter.base}+ADAPTER"
        )
    return gate


def _beside(file: Path) -> Arm:
    """The run in whose folder a gate's verdict lies."""
    if not (file.parent / "run.json").is_file():
        raise BadInputError(f"{file} does not lie in its candidate's run folder: name that run with --after")
    return _open(file.parent)


def _open(path: Path) -> Arm:
    run = check_run(path)
    if run.state != "done":
        raise BadInputError(f"{path} is {run.state}: finish it with primum eval --resume {path}")
    sealed = run.responses_sha256 or file_sha256(path / "responses.jsonl")
    return Arm(run, sealed, read_summary(path), tuple(exam for exam, _ in read_exams(path)))


def _adapters(run: Run) -> set[str]:
    """The hashes of the weights of the adapter that a run's model had."""
    model = run.plan.model
    named = {Path(model[place + 1 :]) for place, letter in enumerate(model) if letter == "+"}
    files = {Path(file): sha for file, sha in run.versions.items() if file.endswith((WEIGHTS, PICKLED))}
    return {sha for file, sha in files.items() if file.parent in named}


def _names(adapter: Adapter) -> set[str]:
    """What a run may call the base of an adapter."""
    return {adapter.base, f"hf/{adapter.base}"}


def _wanted(arm: Arm | None, exams: Sequence[str]) -> dict[tuple[str, str, str], str]:
    if arm is None:
        return {}
    return arm._replace(exams=tuple(exam for exam in arm.exams if not exams or exam.name in exams)).accuracies()


def _judge(estimate: Estimate) -> str:
    labels = "" if estimate.kind == "raw" else f", set right by {estimate.n_labels or 0:,} labels of people"
    return estimate.judge + labels


def _accuracy(exam: Exam) -> str:
    unread = f", {exam.unread:,} unread as wrong" if exam.unread else ""
    return f"{100 * exam.accuracy:.1f}% [{100 * exam.low:.1f}, {100 * exam.high:.1f}]{unread}"
