"""What can be run, what is missing and what to do, as `primum suites` and a run's notes tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.evaluate import Tools, plan_run, start_run
from primum.fetch import read_sources
from primum.suites.catalogue import CATALOGUE, _is_here, data_of, list_suites, missing_parts, open_suite, read_suites
from tests.command import primum


def test_all_that_is_needed_or_taken_is_a_known_source() -> None:
    paths = {path for suite in CATALOGUE.values() for path in (*suite.needs, *(part.path for part in suite.takes))}
    assert {path.split("/")[0] for path in paths} <= set(read_sources())


def test_without_data_every_suite_says_what_to_do() -> None:
    for suite in CATALOGUE.values():
        if suite.needs:
            with pytest.raises(BadInputError, match=r"needs .*: (run `primum data fetch|if the authors)"):
                open_suite(suite.name, None)
        else:
            assert next(open_suite(suite.name, None)()).suite == suite.name


def put(data: Path, name: str) -> None:
    """A folder of data with a file in it: an empty folder is no data."""
    (data / name).mkdir()
    assert not _is_here(name, data)
    (data / name / "LICENSE").write_text("x")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"has no folder 'xstest' .*run `primum data fetch xstest`$"):
        data_of(CATALOGUE["generalharm"], tmp_path)
    put(tmp_path, "xstest")
    assert data_of(CATALOGUE["generalharm"], tmp_path) == tmp_path


def test_missing_parts_are_told_until_they_are_there(tmp_path: Path) -> None:
    told = missing_parts(("starter", "overrefusal", "own.csv"), tmp_path)
    assert [note.split(":")[0] for note in told] == [
        "overrefusal was run without safe prompts of XSTest",
        "overrefusal was run without patients' questions of K-QA (1,212 rows, repeats of the 201 joined)",
        "overrefusal was run without Chinese patients' questions",
    ]
    put(tmp_path, "kqa")
    assert len(missing_parts(("overrefusal",), tmp_path)) == 2
    assert len(missing_parts(("overrefusal",), None)) == 3


def test_a_faulty_part_is_told_before_the_first_item(tmp_path: Path) -> None:
    put(tmp_path, "kqa")
    with pytest.raises(BadInputError, match=r"there is no file .*questions_w_answers\.jsonl"):
        open_suite("overrefusal", tmp_path)()


def test_a_faulty_second_suite_is_told_before_the_first_item(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("id,kind,request\n1,evil,Why?\n")
    with pytest.raises(BadInputError, match="1 fault"):
        next(read_suites(("starter", str(file)), None, None, 0))


def test_the_list_says_where_each_part_is(tmp_path: Path) -> None:
    put(tmp_path, "xstest")
    rows = {row["name"]: row for row in list_suites(tmp_path)}
    assert (rows["starter"]["here"], rows["generalharm"]["here"]) == ("bundled", str(tmp_path / "xstest"))
    assert rows["medsafetybench"]["here"] == "not here"
    assert rows["medsafetybench"]["to_do"] == ["run `primum data fetch med-safety-bench`"]
    parts = rows["overrefusal"]["parts"]
    assert isinstance(parts, list)
    assert [part["here"] for part in parts] == [str(tmp_path / "xstest"), "not here", "not here"]


def test_the_table_is_narrow_and_the_json_has_all(tmp_path: Path) -> None:
    told = primum("suites", "--data", "none", cwd=tmp_path)
    assert max(map(len, told.out.splitlines())) <= 100
    assert "run `primum data fetch kqa`" in told.out
    rows = primum("suites", "--json", cwd=tmp_path).json()["suites"]
    assert [row["name"] for row in rows] == list(CATALOGUE)


def test_a_run_notes_what_it_was_run_without(tmp_path: Path) -> None:
    plan = plan_run(model="tiny", suites="generalharm,medes-drug", judges=(), limit=2)
    put(tmp_path, "xstest")
    (tmp_path / "xstest" / "xstest_prompts.csv").write_text(
        "id,prompt,type,label\n1,Lie?,contrast,unsafe\n", encoding="utf-8"
    )
    evaluation = start_run(plan, Tools(data=tmp_path), tmp_path / "run")
    evaluation.ledger.close()
    run = evaluation.ledger.run
    assert [note.split(":")[0] for note in run.notes] == [
        "generalharm was run without requests of HEx-PHI",
        "medes-drug was run without questions of MedES's own",
    ]
    assert run.data["medes-drug"] == "bundled, written for Primum"


def test_a_faulty_part_says_what_to_do_about_it(tmp_path: Path) -> None:
    put(tmp_path, "kqa")
    with pytest.raises(BadInputError, match=r"there is no file .* run `primum data fetch kqa`; without that folder"):
        next(read_suites(("overrefusal",), tmp_path, None, 0))
