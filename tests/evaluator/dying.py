"""`python -m tests.evaluator.dying FOLDER BASE` trains in processes that die by SIGKILL, and goes on after each.

A process dies right before the n-th call that changes what is on disk, for every n; then one training dies again and again
at random times. Prints a JSON line for each: the last steps that its processes did, where the last of them went on, and a
hash of all weights.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.evaluator.toy_models import RATE, refusals

from primum.evaluator.encoder import train_encoder
from primum.records import Criterion

CHANGES = ("replace", "rename", "fsync", "unlink", "rmdir")
STEPS = 6
RANDOM = 6  # deaths at random times of one training


def train(folder: Path, base: str, seen: Callable[[int, int], object], checkpoint_seconds: float) -> None:
    """Six steps in two epochs, the last batch of each smaller than the others."""
    train_encoder(
        refusals(40, seed=1),
        {Criterion.REFUSAL: ("compliance", "refusal")},
        base,
        folder,
        seed=3,
        epochs=2,
        batch=16,
        rate=RATE,
        checkpoint_seconds=checkpoint_seconds,
        progress=seen,
    )


def die_before(moment: int) -> None:
    """From now on the process dies in place of its `moment`-th change of the disk."""
    calls = 0

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return call

    for name in CHANGES:
        setattr(os, name, dying(getattr(os, name)))


def child(work: Callable[[], object], alive: float | None = None) -> int:
    """Do it in a process of its own, which is killed after some seconds if told so; the signal that ended it, or 0."""
    number = os.fork()
    if number == 0:
        try:
            work()
        except BaseException:
            os.write(2, b"the training itself failed\n")
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    if alive is not None:
        time.sleep(alive)
        os.kill(number, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    assert code <= 0, "the training failed"
    return -code


def trained(folder: Path, base: str, before: Callable[[], object], deaths: Sequence[float | None]) -> bool:
    """Train in a process that does `before`, or in several that live so many seconds, then on to the end; print what came
    of it, and tell whether a process died."""
    steps = folder.with_suffix(".steps")
    died = False
    last: list[list[int]] = []

    def note(done: int, all_of_them: int) -> None:
        with steps.open("a") as file:
            print(done, file=file)

    def first() -> None:
        before()
        train(folder, base, note, checkpoint_seconds=0.0)

    for alive in deaths:  # None: until it dies of itself
        steps.write_text("")
        died |= child(first, alive) == signal.SIGKILL
        last.append([int(step) for step in steps.read_text().split()])
    steps.write_text("")
    child(lambda: train(folder, base, note, checkpoint_seconds=0.0))
    later = [int(step) for step in steps.read_text().split()]
    own = max((max(done) for done in last if done), default=0)
    print(json.dumps({"own": own, "on": later[0] - 1 if later else STEPS, "sha": weights(folder)}))
    shutil.rmtree(folder)
    return died


def weights(folder: Path) -> str:
    """A hash of all files that hold weights; no checkpoint is left."""
    files = sorted(file.relative_to(folder) for file in folder.rglob("*.safetensors"))
    assert [str(file) for file in files] == ["backbone/model.safetensors", "heads.safetensors"]
    return hashlib.sha256(b"".join((folder / file).read_bytes() for file in files)).hexdigest()


def main(place: Path, base: str) -> None:
    """First once without a death or a checkpoint, then through all of them."""
    started = time.monotonic()
    child(lambda: train(place / "whole", base, lambda done, last: None, checkpoint_seconds=3600.0))
    seconds = time.monotonic() - started
    print(json.dumps({"sha": weights(place / "whole")}))
    for moment in itertools.count(1):
        if not trained(place / f"at{moment}", base, partial(die_before, moment), [None]):
            break
    rng = random.Random(20260801)
    trained(place / "often", base, lambda: None, [rng.uniform(0.3, 1.0) * seconds for _ in range(RANDOM)])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
