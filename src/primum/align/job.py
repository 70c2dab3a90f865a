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
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import primum
from primum.align.adapter import (
    base_sha256,
    check_adapter,
    create_adapter,
    finish_adapter,
    last_reward,
    locked,
    read_adapter,
    read_curve,
    save_adapter,
    template_sha256,
    write_left_out,
    write_trained,
)
from primum.align.card import first_card
from primum.align.chosen import Chosen, Job, choose_demonstrations, choose_preferences
from primum.align.recipe import read_recipe
from primum.align.tokens import encode_demonstrations, encode_preferences
from primum.errors import BadInputError, MissingExtraError, StoppedError
from primum.ledger import file_sha256
from primum.models.adapter import ADAPTER, check_base
from primum.models.local import load, local_name
from primum.records import Adapter, Group, LeftOut, Recipe, content_id
from primum.suites.catalogue import CATALOGUE, source_of

Heard = Callable[[dict[str, float]], None]
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")
ALPACA = "trained in the Alpaca template and asked in the chat template of its tokenizer, as every model here is asked"


class Base(NamedTuple):
    """What a training starts from: the base as it was named, where it lies, and the adapter on it, if any."""

    name: str
    path: str
    start: Path | None


def align(job: Job, heard: Heard = lambda row: None) -> Adapter:
    """Train an adapter, or go on with one whose training was stopped. The folder's `adapter.json` is given.

    Raises:
        BadInputError: a recipe, model or example is faulty; the folder holds something else.
        MissingExtraError: the packages of the extra `align` are not there.
        StoppedError: stopped from outside; the same command goes on from the last checkpoint.
    """
    processes, training = _torch_side()
    recipe = read_recipe(job.recipe, job.method)
    training.micro_of(
        recipe, processes.processes().num_processes
    )  # a batch that cannot be shared, before there is a folder
    base = _base_of(job)
    chosen: Chosen[Any] = choose_demonstrations(job, recipe) if job.method == "sft" else choose_preferences(job, recipe)
    model, tokenizer = load(base.path, chat=recipe.template == "chat")
    plan = _plan(job, recipe, base, tokenizer)
    if base.start is not None:
        model = _started(model, base.start, base.path, tokenizer)
    tokens, kept, left_out, meant = _encoded(plan, chosen, tokenizer)
    with ExitStack() as held:

        def begun() -> Adapter:  # the main process alone has the folder; the others hear what it found there
            held.enter_context(locked(job.out))
            return _begun(job.out, meant, kept, left_out)

        adapter: Adapter = processes.by_main(begun)
        if adapter.state == "done":
            return adapter
        return _train(job, adapter, model, tokenizer, tokens, heard)


def _torch_side() -> tuple[Any, Any]:
    try:
        from primum.align import processes, training
    except ImportError:
        raise MissingExtraError("training an adapter", "align") from None
    training.quiet()
    return processes, training


def _base_of(job: Job) -> Base:
    """Where the base lies, and the adapter that a training starts from."""
    found = local_name(job.model)
    if found is None:
        raise BadInputError(f"only a model in this process can be trained: tiny or hf/PATH, not '{job.model}'")
    path, start = found
    name = job.model.removesuffix(f"+{start}") if start else job.model
    if start and job.method == "sft":
        raise BadInputError(f"supervised fine-tuning starts from a base model: name {name} alone, without +{start}")
    return Base(name, path, Path(start) if start else None)


def _started(model: Any, start: Path, base: str, tokenizer: Any) -> Any:
    from peft import PeftModel

    check_base(start, check_adapter(start), base, tokenizer)
    return PeftModel.from_pretrained(model, str(start), is_trainable=True)


def _plan(job: Job, recipe: Recipe, base: Base, tokenizer: Any) -> Adapter:
    """The adapter as it is meant, but for its examples."""
    return Adapter(
        id="",
        recipe=recipe,
        base=base.name,
        base_sha256=base_sha256(base.path),
        template_sha256=template_sha256(tokenizer),
        starts_from="" if base.start is None else str(base.start),
        starts_from_sha256="" if base.start is None else check_adapter(base.start).weights_sha256,
        data={name: source_of(name, job.folder) if name in CATALOGUE else file_sha256(Path(name)) for name in job.data},
        seed=job.seed,
        versions={"primum": primum.__version__, **{name: importlib.metadata.version(name) for name in PACKAGES}},
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _encoded(
    plan: Adapter, chosen: Chosen[Any], tokenizer: Any
) -> tuple[Sequence[Any], list[Any], list[LeftOut], Adapter]:
    """The examples as tokens and as they are, those left out, and the adapter as it is meant with them."""
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
            "notes": (*chosen.notes, ALPACA) if recipe.template == "alpaca" else tuple(chosen.notes),
        }
    )
    return tokens, kept, left_out, adapter


def _begun(out: Path, adapter: Adapter, kept: Sequence[Any], left_out: Sequence[LeftOut]) -> Adapter:
    """The adapter of the folder: a new one, or that of the same training, stopped or done."""
    if (out / ADAPTER).exists():
        adapter = _same(out, adapter)
        if adapter.examples_sha256:
            return adapter
    else:
        create_adapter(out, adapter)
    write_left_out(out, left_out)
    adapter = adapter.model_copy(update={"examples_sha256": write_trained(out, kept)})
    save_adapter(out, adapter)
    return adapter


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
    if there.state == "done":
        there = check_adapter(out)
        first_card(out)  # the disk may have been full then
    return there


def _train(job: Job, adapter: Adapter, model: Any, tokenizer: Any, tokens: Sequence[Any], heard: Heard) -> Adapter:
    from primum.align.preference import REFERENCE
    from primum.align.processes import processes
    from primum.align.stopping import told
    from primum.align.training import CHECKPOINTS, micro_of, run_training

    started, place = time.monotonic(), processes()
    try:
        with told(micro_of(adapter.recipe, place.num_processes), job.out):
            trainer = _trainer(job, adapter, model, tokenizer, tokens, heard)
        run_training(trainer, job.out)
    except BaseException as error:
        if place.is_main_process:
            _mark_stopped(job.out, adapter, time.monotonic() - started, error)
        raise
    finally:
        if place.is_main_process:
            for part in job.out.glob("reference.*.npz"):  # of a process that was killed, or found the disk full
                part.unlink(missing_ok=True)
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
    first_card(job.out)
    return adapter


def _trainer(job: Job, adapter: Adapter, model: Any, tokenizer: Any, tokens: Sequence[Any], heard: Heard) -> Any:
    from primum.align.preference import Pair, dpo_trainer
    from primum.align.sft import sft_trainer

    if job.method == "sft":
        return sft_trainer(model, tokenizer, tokens, adapter.recipe, job.out, seed=job.seed, heard=heard)
    pairs = [Pair(*one) for one in tokens]
    # the id covers base, start, template and examples
    return dpo_trainer(model, tokenizer, pairs, adapter.recipe, job.out, key=(adapter.id,), seed=job.seed, heard=heard)


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
    reward = last_reward(read_curve(out))
    if reward is not None and reward < 0:
        return [
            "the chosen answers ended less likely than they were under the reference: give the recipe's loss an sft term, "
            "or a lower learning_rate, and look at the answers"
        ]
    return []
