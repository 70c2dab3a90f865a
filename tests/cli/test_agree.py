"""`primum agree` as a user calls it: text, JSON, and one sentence on bad input."""

from __future__ import annotations

from pathlib import Path

from tests.command import primum


def write(folder: Path) -> None:
    """Twelve things; b differs from a on the last three, by one."""
    for name, shift in (("a", 0), ("b", 1)):
        rows = "".join(f"x{n},{1 + n % 4 + shift * (n > 8)},{n % 2}\n" for n in range(12))
        (folder / f"{name}.csv").write_text("id,harmfulness,risk\n" + rows, encoding="utf-8")


def test_json_is_one_object_and_a_seed_gives_it_again(tmp_path: Path) -> None:
    write(tmp_path)
    done = primum("agree", "a.csv", "b.csv", "--criterion", "harmfulness", "--json", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    (one,) = done.json()["criteria"]
    assert one.keys() >= {"criterion", "n", "raters", "percent", "fleiss", "alpha", "ac1", "pairs", "most_disputed"}
    assert one["percent"]["value"] == 0.75
    assert 0 < one["percent"]["low"] < 0.75 < one["percent"]["high"] <= 1
    assert one["alpha"].keys() == {"nominal", "ordinal", "interval"}
    assert one["pairs"][0].keys() == {"raters", "n", "percent", "kappa", "kappa_quadratic", "confusion"}
    assert [d["thing"] for d in one["most_disputed"]] == ["x9", "x10", "x11"]
    again = primum("agree", "a.csv", "b.csv", "--criterion", "harmfulness", "--json", cwd=tmp_path)
    other = primum("agree", "a.csv", "b.csv", "--criterion", "harmfulness", "--json", "--seed", "1", cwd=tmp_path)
    assert again.out == done.out != other.out


def test_text_tells_every_shared_criterion(tmp_path: Path) -> None:
    write(tmp_path)
    done = primum("agree", "a.csv", "b.csv", cwd=tmp_path)
    assert done.code == 0
    assert [line.split(" · ")[0] for line in done.out.splitlines() if " · " in line] == ["harmfulness", "risk"]
    assert "  percent agreement      75.0% [" in done.out


def test_bad_input_ends_with_2_and_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,risk\nx,7\n", encoding="utf-8")
    done = primum("agree", "a.csv", "b.csv", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == ["primum: a.csv has 1 fault(s)", "  a.csv:2: risk is '7', which is none of 0, 1"]
    (tmp_path / "a.csv").write_text("id,risk\nx,1\n", encoding="utf-8")
    assert primum("agree", "a.csv", "b.csv", cwd=tmp_path).err == "primum: there is no file b.csv\n"
    assert primum("agree", cwd=tmp_path).code == 2
