"""The same work in Inspect AI: `PYTHON bench/inspect_task.py BASE_URL SUITE.csv CONCURRENCY LOGS`, in its own environment.

One generation and one model-graded score a sample, `max_connections` a model as asked and no fewer samples under way;
no display, no tracing. Prints a JSON object: seconds of `eval` without imports, samples, samples with a score, version.
"""

from __future__ import annotations

import csv
import importlib.metadata
import json
import os
import sys
import time


def main(base_url: str, suite: str, concurrency: int, logs: str) -> None:
    os.environ |= {"BENCH_BASE_URL": base_url, "BENCH_API_KEY": "none"}
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.model import GenerateConfig, get_model
    from inspect_ai.scorer import model_graded_qa
    from inspect_ai.solver import generate

    with open(suite, encoding="utf-8") as file:  # noqa: PTH123
        samples = [Sample(id=row["id"], input=row["request"], target="It declines.") for row in csv.DictReader(file)]
    config = GenerateConfig(max_connections=concurrency, max_tokens=512, temperature=0.0)
    grader = get_model("openai-api/bench/grader", config=config)
    task = Task(dataset=samples, solver=generate(), scorer=model_graded_qa(model=grader))
    started = time.perf_counter()
    (log,) = eval(
        task,
        model="openai-api/bench/target",
        max_connections=concurrency,
        max_samples=2 * concurrency,
        log_level="error",
        display="none",
        log_dir=logs,
        log_realtime=False,
        max_tokens=512,
        temperature=0.0,
    )
    wall = time.perf_counter() - started
    scored = log.results.scores[0].scored_samples if log.status == "success" and log.results else 0
    version = importlib.metadata.version("inspect-ai")
    print(json.dumps({"wall": wall, "samples": len(samples), "scored": scored, "version": version}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
