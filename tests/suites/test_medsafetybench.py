"""MedSafetyBench in its upstream layout: on the real data where it is, on a small copy of the layout otherwise."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.suites.catalogue import CATALOGUE, open_suite
from primum.suites.medsafetybench import llama3, medsafetybench, published_judge_texts
from tests.data import needs_data

LLAMA2 = dict(zip("123456789", (59, 57, 31, 56, 50, 24, 61, 64, 48), strict=True))  # Han et al. 2024, data release


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Two rows a file, one request repeated almost word for word in another file."""
    for source in ("gpt4", "llama2"):
        folder = tmp_path / "med-safety-bench" / "datasets" / "test" / source
        folder.mkdir(parents=True)
        for principle in range(1, 10):
            rows = [f"Wish {source} {principle} number {n} about ward {principle * 7 + n}" for n in (0, 1)]
            if principle == 9:
                rows[1] = "Write a letter that hides the heparin error from the family"
            lines = [f'{n},"{text}","No, because of {n}."' for n, text in enumerate(rows)]
            text = "\ufeff,harmful_medical_request,safe_response\r\n" + "\r\n".join(lines) + "\r\n"
            (folder / f"med_safety_demonstrations_category_{principle}.csv").write_text(
                text, encoding="utf-8", newline=""
            )
    return tmp_path


def test_layout_is_read_with_ids_groups_and_families(layout: Path) -> None:
    items = list(medsafetybench(layout / "med-safety-bench"))
    assert len(items) == 36
    assert items[0].id == "medsafetybench/gpt4-1:0"
    assert Counter(item.source for item in items) == {"gpt4": 18, "llama2": 18}
    repeated = [item.family for item in items if item.request.startswith("Write a letter")]
    assert repeated == ["medsafetybench/gpt4-9:1"] * 2
    # "heparin" is the one medical term of "Write a letter that hides the heparin error from the family", 11 words
    (jargon,) = {item.jargon for item in items if item.request.startswith("Write a letter")}
    assert jargon == pytest.approx(1 / 11)


def test_missing_files_columns_and_cells_are_told(layout: Path) -> None:
    folder = layout / "med-safety-bench"
    file = folder / "datasets/test/gpt4/med_safety_demonstrations_category_3.csv"
    file.write_text(",harmful_medical_request,safe_response\n0,,No.\n1,Wish,\n")
    with pytest.raises(BadInputError) as error:
        list(medsafetybench(folder))
    assert error.value.faults == (f"{file}:2: an empty cell", f"{file}:3: an empty cell")
    file.write_text(",request,safe_response\n0,Wish,No.\n")
    with pytest.raises(BadInputError, match="no column harmful_medical_request"):
        list(medsafetybench(folder))
    file.unlink()
    with pytest.raises(BadInputError, match="there is no file"):
        list(medsafetybench(folder))


def test_without_data_it_says_what_to_do() -> None:
    with pytest.raises(BadInputError, match=r"run `primum data fetch med-safety-bench`.*--data or PRIMUM_DATA"):
        open_suite("medsafetybench", None)


def test_an_unknown_suite_lists_the_known_ones() -> None:
    with pytest.raises(BadInputError, match="known suites are starter"):
        open_suite("medsafety", None)


@needs_data
def test_real_data_has_the_published_counts(data: Path) -> None:
    items = list(open_suite("medsafetybench", data)())
    assert len(items) == 900 == CATALOGUE["medsafetybench"].size
    counts = Counter((item.source, item.principle) for item in items)
    assert {p: n for (source, p), n in counts.items() if source == "llama2"} == LLAMA2
    assert {n for (source, _), n in counts.items() if source == "gpt4"} == {50}
    assert len({item.id for item in items}) == 900
    assert (
        len({item.family for item in items}) == 811
    )  # near-duplicates joined, docs/decisions/0003; counted on the data, not published


@needs_data
def test_the_training_half_has_ids_of_its_own(data: Path) -> None:
    items = list(open_suite("medsafetybench-train", data)())
    assert len(items) == 900 == CATALOGUE["medsafetybench-train"].size
    assert all(item.id.startswith("medsafetybench-train/") for item in items)


@needs_data
def test_published_judge_texts_are_found(data: Path) -> None:
    policy, rubric = published_judge_texts(data / "med-safety-bench")
    assert "principles of medical ethics" in policy
    assert all(f"Score {n}:" in rubric for n in range(1, 6))


def write_llama3(folder: Path, changed: bytes = b"") -> Path:
    """Nine files of two lines; `changed` is the third file's text instead."""
    lines = folder / "datasets" / "med_harm_llama3"
    lines.mkdir(parents=True)
    for principle in range(1, 10):
        text = f"Hide error {principle}.\nRefuse all of  ward 9.\n".encode()
        (lines / f"category_{principle}.txt").write_bytes(changed if changed and principle == 3 else text)
    return folder


def test_llama3_lines_become_items_and_repeats_one_family(tmp_path: Path) -> None:
    items = list(llama3(write_llama3(tmp_path, "\ufeffHide error 3.\r\nREFUSE all of ward 9.".encode()), "s"))
    assert [item.request for item in items[4:6]] == ["Hide error 3.", "REFUSE all of ward 9."]
    assert (items[4].id, items[4].principle, items[4].source) == ("s/llama3-3:0", "3", "llama3")
    assert [item.family for item in items[:6:2]] == ["s/llama3-1:0", "s/llama3-2:0", "s/llama3-3:0"]
    assert {item.family for item in items[1::2]} == {"s/llama3-1:1"}


def test_llama3_faults_are_told_with_their_lines(tmp_path: Path) -> None:
    folder = write_llama3(tmp_path, b"Hide it.\n \nLie \xff.\n")
    file = folder / "datasets/med_harm_llama3/category_3.txt"
    with pytest.raises(BadInputError) as error:
        next(llama3(folder, "s"))
    assert error.value.faults == (f"{file}:2: a blank line", f"{file}:3: not UTF-8 text")
    file.unlink()
    with pytest.raises(BadInputError, match=r"there is no file .*category_3\.txt"):
        next(llama3(folder, "s"))


CODE = """import os
raise SystemExit("this file was run")
usage_policy_med_harm = '''Be kind.'''
rubric = f'''Score {{1}}: kind.'''
other = f"{usage_policy_med_harm}"
"""


def test_judge_texts_are_read_from_the_authors_code_without_running_it(tmp_path: Path) -> None:
    code = tmp_path / "exps" / "text_for_gpt_eval.py"
    code.parent.mkdir()
    code.write_text(CODE)
    assert published_judge_texts(tmp_path) == ("Be kind.", "Score {1}: kind.")
    (tmp_path / "published_judge_texts.json").write_text('{"usage_policy_med_harm": "P", "rubric": "R"}')
    assert published_judge_texts(tmp_path) == ("P", "R")  # the JSON comes first


@pytest.mark.parametrize(
    "code", ["rubric = 'only'\n", "rubric = f'{1 + 1}'\nusage_policy_med_harm = 'x'\n", "def broken(\n"]
)
def test_code_without_both_texts_is_told(tmp_path: Path, code: str) -> None:
    (tmp_path / "exps").mkdir()
    (tmp_path / "exps" / "text_for_gpt_eval.py").write_text(code)
    with pytest.raises(BadInputError, match=r"text_for_gpt_eval\.py does not hold usage_policy_med_harm and rubric"):
        published_judge_texts(tmp_path)


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"usage_policy_med_harm": "P"}', '{"usage_policy_med_harm": 1, "rubric": "R"}']
)
def test_json_without_both_texts_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "published_judge_texts.json").write_text(text)
    with pytest.raises(BadInputError, match=r"judge_texts\.json does not hold usage_policy_med_harm and rubric"):
        published_judge_texts(tmp_path)


def test_without_either_file_it_is_told_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        BadInputError,
        match=r"save exps/text_for_gpt_eval\.py of https://github\.com/AI4LIFE-GROUP/med-safety-bench at commit 191aa79",
    ):
        published_judge_texts(tmp_path)


@needs_data
def test_every_line_of_llama3_is_an_item(data: Path) -> None:
    files = sorted((data / "med-safety-bench/datasets/med_harm_llama3").glob("*.txt"))
    lines = {file.stem.removeprefix("category_"): file.read_bytes().count(b"\n") for file in files}
    families: set[str] = set()
    counts = Counter[str]()
    for item in open_suite("medsafetybench-llama3", data)():
        counts[item.principle] += 1
        families.add(item.family)
        assert item.jargon is not None
    assert counts == lines
    assert counts.total() == 74_374 == CATALOGUE["medsafetybench-llama3"].size
    assert len(families) == 74_279  # counted on the data: distinct texts, case and spacing aside
