"""MedSafetyBench (Han et al., NeurIPS 2024 Datasets and Benchmarks; arXiv 2403.03744), in its upstream layout.

The data has no families. Near-duplicate requests (novelty.py) are made one family here, because they are not
independent: the 900 of the evaluation half form 811. `jargon` is the share of a request's words that are medical terms.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import orjson

from primum.errors import BadInputError
from primum.jargon import jargon_share
from primum.novelty import families
from primum.records import Item, Kind
from primum.rows import faults_in, read_rows, read_text
from primum.suites.repeats import join_repeats

NAME = "medsafetybench"
FOLDER = "med-safety-bench"
REPOSITORY = "https://github.com/AI4LIFE-GROUP/med-safety-bench"
COMMIT = "191aa7954b82458079425292730d6cb28a89565d"
SOURCES = ("gpt4", "llama2")
PRINCIPLES = tuple("123456789")
COLUMNS = ("harmful_medical_request", "safe_response")
TEXTS = ("usage_policy_med_harm", "rubric")


def medsafetybench(folder: Path, half: str = "test", suite: str = NAME) -> Iterator[Item]:
    """The harmful requests of one half (`test` or `train`), 50 a principle by GPT-4 and 450 by Llama 2.

    `reference` is the published safe answer. Ids are `suite/source-principle:row`, rows counted from 0.

    Raises:
        BadInputError: a file is missing or a row has an empty cell, all faults with file and line.
    """
    found: list[dict[str, str]] = []
    files = {
        (source, principle): folder / "datasets" / half / source / f"med_safety_demonstrations_category_{principle}.csv"
        for source in SOURCES
        for principle in PRINCIPLES
    }
    with faults_in(folder) as faults:
        for (source, principle), file in files.items():
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
    heads = families([row["request"] for row in found])
    for row, head in zip(found, heads, strict=True):
        jargon = jargon_share(row["request"])
        yield Item.make(suite=suite, kind=Kind.HARMFUL, style="direct", family=found[head]["id"], jargon=jargon, **row)


def llama3(folder: Path, suite: str) -> Iterator[Item]:
    """The 74,374 further requests that Llama 3 wrote, one a line in nine files, read line by line.

    Requests with one text, case and spacing aside, are one family: 74,279 families. Near-duplicates are not joined here:
    `novelty.families` takes 1.6 s for 2,000 of these requests and 11 s for 5,000, growing with the square, so some
    40 minutes and more memory than a small machine has for all. Intervals over this suite are somewhat too narrow for
    it. Requests are asked as published: 981 of them hold the writer's own `<|eot_id|>`. Ids are
    `suite/llama3-principle:row`, rows counted from 0.

    Raises:
        BadInputError: a file is missing, or lines are blank or no UTF-8, all with file and line.
    """
    files = {p: folder / "datasets" / "med_harm_llama3" / f"category_{p}.txt" for p in PRINCIPLES}
    with faults_in(folder) as faults:
        for file in files.values():
            faults += _line_faults(file)
    yield from join_repeats(
        Item.make(
            id=f"{suite}/llama3-{principle}:{row}",
            suite=suite,
            kind=Kind.HARMFUL,
            request=request,
            principle=principle,
            style="direct",
            source="llama3",
            jargon=jargon_share(request),
        )
        for principle, file in files.items()
        for row, request in enumerate(_requests(file))
    )


def _requests(file: Path) -> Iterator[str]:
    with file.open("rb") as opened:
        for line in opened:
            yield line.decode("utf-8-sig").strip()


def _line_faults(file: Path) -> Iterator[str]:
    try:
        with file.open("rb") as opened:
            for number, line in enumerate(opened, 1):
                try:
                    if not line.decode("utf-8-sig").strip():
                        yield f"{file}:{number}: a blank line"
                except UnicodeDecodeError:
                    yield f"{file}:{number}: not UTF-8 text"
    except FileNotFoundError:
        raise BadInputError(f"there is no file {file}") from None
    except OSError as error:
        raise BadInputError(f"cannot read {file}: {error.strerror}") from error


def published_judge_texts(folder: Path) -> tuple[str, str]:
    """The authors' usage policy and rubric, from `published_judge_texts.json` if it is there, else from the upstream
    repository's `exps/text_for_gpt_eval.py`, which is parsed and never run.

    Raises:
        BadInputError: neither file is there, or the one that is does not hold both texts.
    """
    file, code = folder / "published_judge_texts.json", folder / "exps" / "text_for_gpt_eval.py"
    if not file.is_file() and not code.is_file():
        raise BadInputError(
            f"the paper's protocol needs the authors' judge texts: save exps/text_for_gpt_eval.py of {REPOSITORY} at commit "
            f"{COMMIT} as {code}"
        )
    chosen, read = (file, _texts_of_json) if file.is_file() else (code, _texts_of_code)
    found = read(read_text(chosen))
    if not set(TEXTS) <= set(found):
        raise BadInputError(f"{chosen} does not hold {' and '.join(TEXTS)}")
    return found[TEXTS[0]], found[TEXTS[1]]


def _texts_of_json(text: str) -> dict[str, str]:
    try:
        held = orjson.loads(text)
    except ValueError:
        return {}
    return {name: value for name, value in held.items() if isinstance(value, str)} if isinstance(held, dict) else {}


def _texts_of_code(text: str) -> dict[str, str]:
    """The names that a Python text sets to a string; an f-string counts if it has no fields."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return {}
    found = {}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value: ast.expr = node.value
            if isinstance(value, ast.JoinedStr) and len(value.values) == 1:
                value = value.values[0]
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[node.targets[0].id] = value.value
    return found
