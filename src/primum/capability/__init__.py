"""Medical exams: what a model knows, through EleutherAI's lm-evaluation-harness.

A model in this process (`tiny`, `hf/PATH[+ADAPTER]`) answers by log-probabilities; one behind an endpoint, or recorded
answers, by a letter read from its text. Both are the harness's tasks; only the reading of files, the calls and the
records are Primum's.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from primum.capability.catalogue import is_here, open_exam, read_names
from primum.capability.offline import offline
from primum.capability.questions import seeded_sample
from primum.capability.sitting import Progress, Sat, Taker, sit_exam
from primum.config import Config
from primum.errors import BadInputError, MissingExtraError
from primum.ledger import Ledger, open_run, read_run
from primum.models import ModelOpener, Settings

__all__ = ["Progress", "Sat", "measure_exams", "read_names"]

Local = tuple[str, str]  # a model of this process: its path, and its adapter's


def measure_exams(
    model: str,
    names: tuple[str, ...],
    *,
    data: Path | None = None,
    opener: ModelOpener | None = None,
    shots: int = 0,
    limit: int | None = None,
    seed: int = 0,
    batch: int = 8,
    max_tokens: int = 512,
    max_failed: float = 0.01,
    out: Path | None = None,
    progress: Progress = lambda name, done, of: None,
) -> list[Sat]:
    """Let a model sit exams; with `out` their answers and results are added to that run of the same model.

    All exams are read before the model is opened. Files of the data folder and bundled exams are read without a network;
    an exam whose folder is not there is the hub's.

    Raises:
        BadInputError: an exam is unknown, its data is missing or faulty, the model does not open, or the run is another's.
        MissingExtraError: lm-eval is not installed, or torch for a model in this process.
        StoppedError: stopped from outside, or the disk is full: called again with the same `out` it goes on.
    """
    from primum.models.local import local_name

    local = local_name(model)
    if out is not None:
        _check_model(out, model)
    needs_hub = not all(is_here(name, data) for name in names) or (local is not None and not _is_local(local))
    with contextlib.nullcontext() if needs_hub else offline():
        _need_harness()
        papers = [open_exam(name, data, shots) for name in names]
        if limit is not None:
            papers = [seeded_sample(paper, limit, seed) for paper in papers]
        versions = _adapter_versions(local, out) if local is not None else {}
        taker = (
            _open_local(model, local, batch)
            if local is not None
            else _open_endpoint(model, opener or ModelOpener(Config()), max_tokens)
        )
        with contextlib.closing(taker), _open_run(out) as ledger:
            return [sit_exam(paper, taker, ledger, versions, progress, max_failed) for paper in papers]


def _open_run(out: Path | None) -> contextlib.AbstractContextManager[Ledger | None]:
    return contextlib.nullcontext() if out is None else open_run(out)


def _open_local(model: str, local: Local, batch: int) -> Taker:
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtraError("a model in this process", "local") from None
    try:
        from primum.capability.scorer import Scorer
    except ImportError:  # the harness loads models through accelerate and peft
        raise MissingExtraError("an exam by log-probabilities", "capability") from None
    return Scorer(model, *local, batch)


def _open_endpoint(model: str, opener: ModelOpener, max_tokens: int) -> Taker:
    from primum.capability.teller import Teller

    return Teller(opener.open(model, Settings(max_tokens=max_tokens)), max_tokens)


def _need_harness() -> None:
    try:
        import lm_eval  # noqa: F401
    except ImportError:
        raise MissingExtraError("an exam", "capability") from None


def _is_local(local: Local) -> bool:
    path, adapter = local
    return Path(path).is_dir() and (not adapter or Path(adapter).is_dir())


def _check_model(out: Path, model: str) -> None:
    run = read_run(out)
    if run.plan.model != model:
        raise BadInputError(f"{out} is a run of {run.plan.model}, not of {model}: name a run of this model with --out")


def _adapter_versions(local: Local, out: Path | None) -> dict[str, str]:
    """The hashes of a model's adapter, as a run records them.

    Raises:
        BadInputError: the run was made with other ones.
    """
    from primum.models.adapter import adapter_files, find_adapter

    adapter = local[1]
    hashes = {f"{adapter}/{file}": sha for file, sha in adapter_files(find_adapter(adapter)).items()} if adapter else {}
    recorded = read_run(out).versions if out is not None else {}
    for file, sha in hashes.items():
        if recorded.get(file, sha) != sha:
            raise BadInputError(f"{file} was changed since {out} used it: put it back, or start a new run")
    return hashes
