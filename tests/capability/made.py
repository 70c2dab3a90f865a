"""Small exams in the formats in which their authors publish them, written here; and runs to add them to."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from primum.capability.files import CMMLU, MMLU
from primum.ledger import create_run
from primum.records import Run, RunPlan

SUMS = [(n, n + 1) for n in range(1, 11)]  # question n asks for n + (n + 1), and its key is letter n mod 4


def options_of(a: int, b: int) -> tuple[list[str], int]:
    """Four options of which one is the sum, and its place."""
    key = a % 4
    return [str(a + b if place == key else a + b + 10 + place) for place in range(4)], key


def write_lines(file: Path, rows: Sequence[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


def write_cells(file: Path, rows: Sequence[Sequence[str]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows(rows)
    return file


def pubmedqa(data: Path) -> dict[str, dict[str, Any]]:
    """Six abstracts, of which the last three are the test."""
    decisions = ("yes", "no", "maybe")
    rows = {
        str(100 + n): {
            "QUESTION": f"Does tea number {n} help?",
            "CONTEXTS": [f"We gave tea {n} to ten people.", "Some slept well."],
            "final_decision": decisions[n % 3],
            "LONG_ANSWER": "It may.",
        }
        for n in range(6)
    }
    folder = data / "pubmedqa"
    folder.mkdir(parents=True)
    (folder / "ori_pqal.json").write_text(json.dumps(rows))
    test = {name: row["final_decision"] for name, row in list(rows.items())[3:]}
    (folder / "test_ground_truth.json").write_text(json.dumps(test))
    return rows


def mmlu_medical(data: Path) -> None:
    """Two test questions and two examples a subject."""
    for number, subject in enumerate(MMLU):
        for split, start in (("test", 0), ("dev", 2)):
            rows = []
            for a, b in SUMS[start : start + 2]:
                options, key = options_of(a, b + number)
                rows.append([f"{subject}: what is {a} + {b + number}?", *options, "ABCD"[key]])
            write_cells(data / "mmlu_medical" / split / f"{subject}_{split}.csv", rows)


def cmmlu_medical(data: Path) -> None:
    """One test question and one example a subject, with the unnamed first column that the files have."""
    for number, subject in enumerate(CMMLU):
        for split, (a, b) in (("test", SUMS[0]), ("dev", SUMS[1])):
            options, key = options_of(a, b + number)
            rows = [
                ["", "Question", "A", "B", "C", "D", "Answer"],
                ["0", f"{a}加{b + number}等于多少？", *options, "ABCD"[key]],
            ]
            write_cells(data / "cmmlu_medical" / split / f"{subject}.csv", rows)


def medqa(data: Path, most: int = 4) -> None:
    """Five test questions and two examples, with four options or five."""
    for split, start, count in (("test", 0, 5), ("dev", 5, 2)):
        rows = []
        for a, b in SUMS[start : start + count]:
            options, key = options_of(a, b)
            options += ["none of these"] if most == 5 else []
            lettered = dict(zip("ABCDE", options, strict=False))
            rows.append(
                {
                    "question": f"What is {a} + {b}?",
                    "answer": options[key],
                    "options": lettered,
                    "meta_info": "step1",
                    "answer_idx": "ABCD"[key],
                }
            )
        write_lines(data / "medqa" / f"{split}.jsonl", rows)


def medmcqa(data: Path, first: int = 1) -> None:
    """Five development questions and two training ones; `first` is what the authors (1) or the hub (0) count from."""
    for name, start, count in (("dev", 0, 5), ("train", 5, 2)):
        rows = []
        for a, b in SUMS[start : start + count]:
            options, key = options_of(a, b)
            texts = dict(zip(("opa", "opb", "opc", "opd"), options, strict=True))
            rows.append(
                {"id": f"x{a}", "question": f"What is {a} + {b}?", **texts, "cop": key + first, "choice_type": "single"}
            )
        write_lines(data / "medmcqa" / f"{name}.json", rows)


def own_exam(file: Path, count: int = 6) -> Path:
    """An exam in Primum's own format, English and Chinese in turn."""
    header = ["id", "kind", "request", "language", "A", "B", "C", "D", "reference"]
    rows = []
    for a, b in SUMS[:count]:
        options, key = options_of(a, b)
        asked = f"What is {a} + {b}?" if a % 2 else f"{a}加{b}等于多少？"
        rows.append([str(a), "choice", asked, "en" if a % 2 else "zh", *options, "ABCD"[key]])
    return write_cells(file, [header, *rows])


def a_run(path: Path, model: str) -> Path:
    """A run that is done, of a model, in which nothing was asked."""
    plan = RunPlan(model=model, suites=("s",))
    with create_run(path, Run(id=path.name, plan=plan, state="done")):
        pass
    return path
