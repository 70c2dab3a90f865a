"""MedSafetyBench (Han et al., NeurIPS 2024 Datasets and Benchmarks; arXiv 2403.03744), in its upstream layout.

The data has no families. Near-duplicate requests (novelty.py) are made one family here, because they are not
independent: the 900 of the evaluation half form 811.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from primum.errors import BadInputError
from primum.novelty import families
from primum.records import Item, Kind
from primum.rows import read_rows, read_text

NAME = "medsafetybench"
REPOSITORY = "https://github.com/AI4LIFE-GROUP/med-safety-bench"
SOURCES = ("gpt4", "llama2")
PRINCIPLES = tuple("123456789")
COLUMNS = ("harmful_medical_request", "safe_response")


def medsafetybench(folder: Path, half: str = "test", suite: str = NAME) -> Iterator[Item]:
    """The harmful requests of one half (`test` or `train`), 50 a principle by GPT-4 and 450 by Llama 2.

    `reference` is the published safe answer. Ids are `suite/source-principle:row`, rows counted from 0.

    Raises:
        BadInputError: a file is missing or a row has an empty cell, all faults with file and line.
    """
    found: list[dict[str, str]] = []
    faults: list[str] = []
    for source in SOURCES:
        for principle in PRINCIPLES:
            file = folder / "datasets" / half / source / f"med_safety_demonstrations_category_{principle}.csv"
            for row_number, (line, row) in enumerate(read_rows(file, required=COLUMNS)):
                request, answer = (row[name].strip() for name in COLUMNS)
                if not request or not answer:
                    faults.append(f"{file}:{line}: an empty cell")
                found.append(
                    {
                        "id": f"{suite}/{source}-{principle}:{row_number}",
                        "source": source,
                        "principle": principle,
                        "request": request,
                        "reference": answer,
                    }
                )
    if faults:
        raise BadInputError(f"{len(faults)} fault(s) in {folder}", tuple(faults))
    heads = families([row["request"] for row in found])
    for row, head in zip(found, heads, strict=True):
        yield Item.make(suite=suite, kind=Kind.HARMFUL, style="direct", family=found[head]["id"], **row)


def published_judge_texts(folder: Path) -> tuple[str, str]:
    """The authors' usage policy and rubric, as `published_judge_texts.json` holds them.

    Raises:
        BadInputError: the file is missing or does not hold both texts.
    """
    file = folder / "published_judge_texts.json"
    try:
        texts = orjson.loads(read_text(file))
        policy, rubric = texts["usage_policy_med_harm"], texts["rubric"]
    except (ValueError, KeyError, TypeError):
        raise BadInputError(f"{file} does not hold usage_policy_med_harm and rubric") from None
    if not isinstance(policy, str) or not isinstance(rubric, str):
        raise BadInputError(f"{file} does not hold usage_policy_med_harm and rubric")
    return policy, rubric
