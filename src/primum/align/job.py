"""`primum align sft` and `primum align dpo`: from what a user names to an adapter's folder.

data -> examples, checked -> without what stands in an evaluation set -> the mixture -> tokens -> training -> adapter
"""

from __future__ import annotations

import datetime
import importlib.metadata
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import primum
from primum.align.adapter import (
    base_sha256,
    check_adapter,
    create_adapter,
    finish_adapter,
    locked,
    read_adapter,
    read_curve,
    save_adapter,
    template_sha256,
    write_left_out,
    write_trained,
)
from primum.align.chosen import Chosen, Job, choose_demonstrations, choose_preferences
from primum.align.recipe import read_recipe
from primum.align.tokens import encode_demonstrations, encode_preferences
from primum.errors import BadInputError, MissingExtraError, StoppedError
from primum.ledger import file_sha256
from primum.models.adapter import ADAPTER, check_base
from primum.models.local import TINY, load
from primum.records import Adapter, Group, Recipe, content_id
from primum.suites.catalogue import CATALOGUE, source_of

Heard = Callable[[dict[str, float]], None]
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


def align(job: Job, heard: Heard = lambda row: None) -> Adapter:
    """Train an adapter, or go on with one whose training was stopped. The folder's `adapter.json` is given.

    Raises:
        BadInputError: a recipe, model or example is faulty; the folder holds something else.
        MissingExtraError: the packages of the extra `align` are not there.
        StoppedError: stopped from outside; the same command goes on from the last checkpoint.
    """
    place = _place()
    recipe = read_recipe(job.recipe, job.method)
    base, start = _base_of(job)
    chosen: Chosen[Any] = choose_demonstrations(job, recipe) if job.method == "sft" else choose_preferences(job, recipe)
    model, tokenizer = load(base)
    plan = _plan(job, recipe, base, start, tokenizer)
    if start is not None:
        model = _started(model, start, base, tokenizer)
    with locked(job.out) if place.is_main_process else nullcontext():
        tokens, adapter = _made_ready(job, plan, chosen, tokenizer, main=place.is_main_process)
        place.wait_for_everyone()
        if adapter.state == "done":
            return adapter
        return _train(job, adapter, model, tokenizer, tokens, heard, place)


def _place() -> Any:
    try:
        from primum.align import training
    except ImportError:
        raise MissingExtraError("training an adapter", "align") from None
    training.quiet()
    return training.processes()


def _base_of(job: Job) -> tuple[str, Path | None]:
    """Where the base lies, and the adapter that a training starts from."""
    name, _, adapter = job.model.partition("+")
    if adapter and job.method == "sft":
        raise BadInputError(f"supervised fine-tuning starts from a base model: name {name} alone, without +{adapter}")
    if name == "tiny":
        return str(TINY), Path(adapter) if adapter else None
    if not name.startswith("hf/") or name == "hf/":
        raise BadInputError(f"only a model in this process can be trained: tiny or hf/PATH, not '{job.model}'")
    return name.removeprefix("hf/"), Path(adapter) if adapter else None


def _started(model: Any, start: Path, base: str, tokenizer: Any) -> Any:
    from peft import PeftModel

    check_base(start, check_adapter(start), base, tokenizer)
    return PeftModel.from_pretrained(model, str(start), is_trainable=True)


def _plan(job: Job, recipe: Recipe, base: str, start: Path | None, tokenizer: Any) -> Adapter:
    """The adapter as it is meant, but for its examples."""
    return Adapter(
        id="",
        recipe=recipe,
        base=job.model.partition("+")[0],
        base_sha256=base_sha256(base),
        template_sha256=template_sha256(tokenizer),
        starts_from="" if start is None else str(start),
        starts_from_sha256="" if start is None else check_adapter(start).weights_sha256,
        data={name: source_of(name, job.folder) if name in CATALOGUE else file_sha256(Path(name)) for name in job.data},
        seed=job.seed,
        versions={"primum": primum.__version__, **{name: importlib.metadata.version(name) for name in PACKAGES}},
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _made_ready(
    job: Job, plan: Adapter, chosen: Chosen[Any], tokenizer: Any, *, main: bool
) -> tuple[Sequence[Any], Adapter]:
    """The examples as tokens, and the folder: a new one, or that of the same training, stopped or done."""
    recipe = plan.recipe
    tokens: Sequence[Any]
    if recipe.method == "sft":
        tokens, long = encode_demonstrations(tokenizer, chosen.kept, recipe.max_length, recipe.template, recipe.loss_on)
        count = sum(len(ids) for ids, _ in tokens)
    else:
        tokens, long = encode_preferences(tokenizer, chosen.kept, recipe.max_length, recipe.template)
        count = sum(2 * len(pair.prompt) + len(pair.chosen) + len(pair.rejected) for pair in tokens)
    gone = {one.id for one in long}
    kept = [one for one in chosen.kept if one.id not in gone]
    left_out = [*chosen.left_out, *long]
    groups: dict[Group, int] = dict(Counter(one.group for one in kept))
    adapter = plan.model_copy(
        update={
            "id": content_id(
                recipe.model_dump(mode="json"),
                plan.base_sha256,
                plan.template_sha256,
                plan.starts_from_sha256,
                plan.seed,
                [one.model_dump(mode="json", exclude={"place"}) for one in kept],
            )[:16],
            "examples": groups,
            "left_out": dict(Counter(one.reason for one in left_out)),
            "checked_against": chosen.against,
            "tokens": count,
            "notes": tuple(chosen.notes),
        }
    )
    if not main:
        return tokens, adapter
    if (job.out / ADAPTER).exists():
        adapter = _same(job.out, adapter)
        if adapter.examples_sha256:
            return tokens, adapter
    else:
        create_adapter(job.out, adapter)
    write_left_out(job.out, left_out)
    adapter = adapter.model_copy(update={"examples_sha256": write_trained(job.out, kept)})
    save_adapter(job.out, adapter)
    return tokens, adapter


def _same(out: Path, adapter: Adapter) -> Adapter:
    """The adapter of the folder, if it is the same training.

    Raises:
        BadInputError: it is another.
    """
    there = read_adapter(out)
    if there.id != adapter.id:
        raise BadInputError(
            f"{out} holds an adapter of another training (data, recipe, base or seed): choose another --out"
        )
    return check_adapter(out) if there.state == "done" else there


def _train(
    job: Job, adapter: Adapter, model: Any, tokenizer: Any, tokens: Sequence[Any], heard: Heard, place: Any
) -> Adapter:
    from primum.align.preference import REFERENCE, Pair, dpo_trainer
    from primum.align.sft import sft_trainer
    from primum.align.training import CHECKPOINTS, run_training

    started = time.monotonic()
    if job.method == "sft":
        trainer = sft_trainer(model, tokenizer, tokens, adapter.recipe, job.out, seed=job.seed, heard=heard)
    else:
        pairs = [Pair(*one) for one in tokens]
        key = (adapter.base_sha256, adapter.starts_from_sha256, adapter.template_sha256, adapter.id)
        trainer = dpo_trainer(model, tokenizer, pairs, adapter.recipe, job.out, key=key, seed=job.seed, heard=heard)
    try:
        run_training(trainer, job.out)
    except BaseException as error:
        if place.is_main_process:
            _mark_stopped(job.out, adapter, time.monotonic() - started, error)
        raise
    adapter = adapter.model_copy(
        update={
            "steps": int(trainer.state.global_step),
            "seconds": round(adapter.seconds + time.monotonic() - started, 1),
            "notes": tuple(dict.fromkeys((*adapter.notes, *_warnings(job.out)))),
        }
    )
    if not place.is_main_process:
        return adapter
    adapter = finish_adapter(job.out, adapter, trainer.accelerator.unwrap_model(trainer.model))
    shutil.rmtree(job.out / CHECKPOINTS, ignore_errors=True)
    (job.out / REFERENCE).unlink(missing_ok=True)
    return adapter


def _mark_stopped(out: Path, adapter: Adapter, seconds: float, error: BaseException) -> None:
    try:
        save_adapter(
            out, adapter.model_copy(update={"state": "stopped", "seconds": round(adapter.seconds + seconds, 1)})
        )
    except StoppedError:
        if not isinstance(error, StoppedError):
            raise


def _warnings(out: Path) -> list[str]:
    """What the curve warns of: a likelihood of the chosen answers that fell below the reference's (Razin et al. 2024)."""
    rewards = [row["reward_chosen"] for row in read_curve(out) if "reward_chosen" in row]
    last = rewards[-max(1, len(rewards) // 10) :]
    if rewards and sum(last) / len(last) < 0:
        return [
            "the chosen answers ended less likely than they were under the reference: give the recipe's loss an sft term, "
            "or a lower learning_rate, and look at the answers"
        ]
    return []
