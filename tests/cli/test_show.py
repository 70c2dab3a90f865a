"""Progress: a line now and then where there is no terminal, on stderr alone, and silence when asked for."""

from __future__ import annotations

import time

import pytest

from primum.cli import show
from primum.evaluate import Progress


def progress(answered: int = 20) -> Progress:
    counts = Progress()
    counts.items, counts.answered, counts.judged, counts.failed, counts.unscored = 100, answered, 18, 2, 1
    return counts


def test_a_line_tells_counts_pace_and_time_left() -> None:
    # 20 in 10 s are 2 a second, so 80 more take 40 s
    assert show.progress_line(progress(), 10.0) == (
        "asked 20 of 100 · judged 18 · failed 2 · unscored 1 · 2.0 items/s · 40 s left"
    )
    assert show.progress_line(progress(0), 10.0).endswith("waiting for the first answer")


def test_lines_go_to_stderr_at_intervals(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(show, "LINE_SECONDS", 0.02)
    with show.show_progress(False)(progress()):
        time.sleep(0.2)
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) >= 2
    assert all(line.startswith("asked 20 of 100") for line in err.splitlines())


def test_quiet_says_nothing(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(show, "LINE_SECONDS", 0.02)
    with show.show_progress(True)(progress()):
        time.sleep(0.1)
    assert capfd.readouterr() == ("", "")
