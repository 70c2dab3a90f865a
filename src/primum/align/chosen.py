"""What a user names for a training, and the examples that come of it: read, checked, in no evaluation set, mixed."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, Literal, NamedTuple, TypeVar

from primum.align.checks import check_examples
from primum.align.evaluation import evaluation_items, evaluation_sets, leave_out_evaluation
from primum.align.examples import read_demonstrations, read_preferences
from primum.align.mixture import mix, parse_mix, proportions, untaken
from primum.align.pairs import preference_pairs
from primum.errors import BadInputError
from primum.evaluator.judge import bundled_reader
from primum.ledger import check_run, read_records
from primum.records import GROUP_OF, Demonstration, Group, Kind, LeftOut, Preference, Recipe, Response

Example = TypeVar("Example", Demonstration, Preference)
BENIGN = "starter-train"  # lends its legitimate requests where the data has none and the recipe wants some


class Job(NamedTuple):
    """A training as a user names it. `data` are suites or files; `n` counts the safety examples (the legitimate ones come
    on top, as the recipe says); `against` are suites, exams and files beside what is here for evaluation; `rejected` is a
    run of the model on the training suite, whose answers a preference rejects."""

    method: Literal["sft", "dpo"]
    model: str
    data: tuple[str, ...]
    out: Path
    recipe: str = "default"
    n: int | None = None
    mix: str = ""
    kind: Kind | None = None
    against: tuple[str, ...] = ()
    rejected: Path | None = None
    seed: int = 0
    folder: Path | None = None


class Chosen(NamedTuple, Generic[Example]):
    """The examples of a training, those left out, the suites and exams that they were held against, and remarks."""

    kept: list[Example]
    left_out: list[LeftOut]
    against: tuple[str, ...]
    notes: list[str]


def kind_of(name: str) -> Kind | None:
    """The kind of a file's requests, as a user names it; none where nothing is named.

    Raises:
        BadInputError: no example can be of that kind.
    """
    if name and name not in GROUP_OF:
        raise BadInputError(f"no kind '{name}' of examples: known are {', '.join(GROUP_OF)}")
    return Kind(name) if name else None


def choose_demonstrations(job: Job, recipe: Recipe) -> Chosen[Demonstration]:
    """The demonstrations of a supervised fine-tuning.

    Raises:
        BadInputError: the data is faulty, or too little of it is left.
    """
    read = [one for source in job.data for one in read_demonstrations(source, job.folder, job.kind)]
    read, notes = _with_benign(read, job, recipe)
    return _choose(job, recipe, read, notes)


def choose_preferences(job: Job, recipe: Recipe) -> Chosen[Preference]:
    """The preferences of a preference optimisation: of a file, or of demonstrations and a run (`rejected`).

    Raises:
        BadInputError: the data is faulty, or too little of it is left.
    """
    if job.rejected is None:
        read = [one for source in job.data for one in read_preferences(source, job.folder, job.kind)]
        return _choose(job, recipe, read, [])
    demonstrations = [one for source in job.data for one in read_demonstrations(source, job.folder, job.kind)]
    demonstrations, notes = _with_benign(demonstrations, job, recipe)
    run = check_run(job.rejected)
    if run.plan.model != job.model:
        notes.append(f"the rejected answers are of {run.plan.model}, not of {job.model}")
    answers = {one.item_id: one.text for one in read_records(job.rejected, Response) if one.failure is None}
    pairs, unmade = preference_pairs(demonstrations, answers, job.seed)
    chosen = _choose(job, recipe, pairs, notes)
    return chosen._replace(left_out=[*unmade, *chosen.left_out])


def _with_benign(read: list[Demonstration], job: Job, recipe: Recipe) -> tuple[list[Demonstration], list[str]]:
    """The demonstrations, and where they hold no legitimate request though some are wanted, those of starter-train."""
    wanted = "benign" in (parse_mix(job.mix) if job.mix else recipe.mix)
    if not wanted or any(one.group == "benign" for one in read):
        return read, []
    lent = [one for one in read_demonstrations(BENIGN, job.folder) if one.group == "benign"]
    note = (
        f"the data holds no legitimate requests: those of {BENIGN} were added, because a model that is trained on refusals "
        "alone learns to refuse everything"
    )
    return [*read, *lent], [note]


def _choose(job: Job, recipe: Recipe, read: list[Example], notes: list[str]) -> Chosen[Example]:
    """The examples that train: sound, in no evaluation set (unless the recipe keeps those), in the mixture wanted."""
    reader = bundled_reader()
    answers = [
        (one.request, text) for one in read if isinstance(one, Preference) for text in (one.chosen, one.rejected)
    ]
    said = dict(zip(answers, reader(answers), strict=True))
    checked = check_examples(read, lambda request, answer: said[request, answer], reader.abstain)
    if checked.unsure:
        notes = [*notes, f"on {checked.unsure} preferences the evaluator of refusals had no opinion"]
    kept: list[Example] = checked.kept
    left_out = list(checked.left_out)
    against: tuple[str, ...] = ()
    if not recipe.contaminated:
        against = evaluation_sets(job.folder, job.against)
        kept, shared = leave_out_evaluation(kept, evaluation_items(against, job.folder))
        left_out += shared
    else:
        notes = [*notes, "contaminated: examples that stand in evaluation sets too were kept, as the recipe says"]
    if not kept:
        raise BadInputError(f"none of the {len(read)} examples is left to train on: all stand in evaluation sets")
    if not job.mix and not recipe.mix and not job.n:
        return Chosen(kept, left_out, against, notes)
    amounts: dict[Group, int] = {}
    told: list[str] = []
    if job.mix:
        amounts = parse_mix(job.mix)
    else:
        amounts, told = proportions(recipe.mix, kept, job.n)
    mixed: list[Example] = mix(kept, amounts, job.seed)
    return Chosen(mixed, left_out, against, [*notes, *told, *untaken(kept, mixed, amounts)])
