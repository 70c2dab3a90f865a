"""A file comes whole, however often the server breaks off, refuses, begins anew or forgets what it said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from primum import download as downloading
from primum.download import download
from primum.errors import BadInputError, StoppedError
from tests.archives import COMMIT, Part, Served, noise, serving

BODY = noise(200_000)
HALF = 100_000


@pytest.fixture(autouse=True)
def _without_waiting_and_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "WAITS", (0.0, 0.0, 0.0, 0.0))
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def begun(file: Path) -> Callable[[bytes, str], None]:
    """Leaves a part with an ETag, as an earlier process did."""

    def begin(content: bytes, etag: str) -> None:
        file.with_name("archive.part").write_bytes(content)
        file.with_name("archive.part.etag").write_text(etag)

    return begin


def url(served: Served) -> str:
    return f"{served.url}/{COMMIT}"


def content_alone(file: Path) -> bytes:
    """What came; nothing but it and the ETag may be left."""
    assert {path.name for path in file.parent.iterdir()} <= {"archive", "archive.part.etag"}
    return file.read_bytes()


@pytest.mark.parametrize("length", [True, False], ids=["length", "chunks"])
@pytest.mark.parametrize("etag", ['"one"', 'W/"weak"', ""], ids=["etag", "weak etag", "no etag"])
def test_a_cut_connection_goes_on_where_it_was(file: Path, length: bool, etag: str) -> None:
    with serving(BODY, Part(HALF), Part(1000), etag=etag, length=length) as served:
        download(url(served), file)
    assert served.asked == [None, "bytes=100000-", "bytes=101000-"]
    condition = etag if etag == '"one"' else None  # RFC 9110, 13.1.5: no weak one
    assert served.conditions == [None, condition, condition]
    assert content_alone(file) == BODY


def test_a_server_that_knows_no_ranges_begins_anew(file: Path) -> None:
    with serving(BODY, Part(HALF), ranges=False) as served:
        download(url(served), file)
    assert served.asked == [None, "bytes=100000-"]
    assert content_alone(file) == BODY


@pytest.mark.parametrize(("had", "now"), [('"one"', '"two"'), ('W/"one"', 'W/"two"'), ('W/"one"', '"one"')])
def test_a_part_of_something_else_is_thrown_away(
    file: Path, begun: Callable[[bytes, str], None], had: str, now: str
) -> None:
    begun(b"x" * 1000, had)
    with serving(BODY, etag=now) as served:
        download(url(served), file)
    assert served.asked[0] == "bytes=1000-"
    assert content_alone(file) == BODY


@pytest.mark.parametrize("status", [400, 403, 416])
def test_where_a_range_is_refused_it_begins_anew(file: Path, begun: Callable[[bytes, str], None], status: int) -> None:
    begun(BODY + b"too much", '"one"')
    with serving(BODY, status) as served:
        download(url(served), file)
    assert served.asked == ["bytes=200008-", None]
    assert content_alone(file) == BODY


def test_what_is_whole_is_not_asked_for(file: Path) -> None:
    file.write_bytes(b"here")
    download("http://127.0.0.1:9/x", file)
    assert file.read_bytes() == b"here"


def test_passing_errors_are_tried_again(file: Path) -> None:
    with serving(BODY, 500, 429, 503, 408) as served:
        download(url(served), file)
    assert content_alone(file) == BODY


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
def test_what_will_not_pass_is_told_at_once(file: Path, status: int) -> None:
    with serving(BODY, status) as served, pytest.raises(StoppedError, match=rf"HTTP {status}.*by hand"):
        download(url(served), file)
    assert len(served.asked) == 1


def test_tries_end_and_what_came_is_kept(file: Path) -> None:
    with serving(BODY, Part(HALF), *[500] * 4) as served:
        with pytest.raises(StoppedError, match=r"HTTP 500.*the same command goes on"):
            download(url(served), file)
        assert len(served.asked) == 5
        assert not file.exists()
        download(url(served), file)
    assert served.asked[-1] == "bytes=100000-"
    assert content_alone(file) == BODY


def test_a_server_that_always_breaks_off_and_begins_anew_is_given_up(file: Path) -> None:
    told = "ended after 100,000 of 200,000 bytes"
    with serving(BODY, *[Part(HALF)] * 9, ranges=False) as served, pytest.raises(StoppedError, match=told):
        download(url(served), file)
    assert len(served.asked) == 5


def test_a_server_that_sends_parts_unasked_is_given_up(file: Path) -> None:
    with serving(BODY, *[206] * 9) as served, pytest.raises(StoppedError, match="another part than was asked for"):
        download(url(served), file)
    assert len(served.asked) == 5


def test_no_server_is_told(file: Path) -> None:
    with serving(BODY) as served:
        pass
    with pytest.raises(StoppedError, match="refused"):
        download(url(served), file)


def test_a_silent_server_is_given_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "SILENCE", 0.1)
    with serving(BODY, Part(HALF, stall=True)) as served:
        download(url(served), file)
    assert served.asked == [None, "bytes=100000-"]
    assert content_alone(file) == BODY


@pytest.mark.parametrize("length", [True, False], ids=["length", "chunks"])
def test_what_has_no_end_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch, length: bool) -> None:
    monkeypatch.setattr(downloading, "MOST_BYTES", 150_000)
    with serving(BODY, length=length) as served, pytest.raises(BadInputError, match="is larger than"):
        download(url(served), file)
    assert not file.exists()


def test_progress_is_told(file: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    with serving(BODY, 503, Part(HALF)) as served:
        download(url(served), file, lambda *one: told.append(one))
    doing = f"downloading {url(served)}"
    assert told[0] == ("HTTP 503 Service Unavailable; trying again in 0 s", 0, None)
    assert told[1] == (doing, 0, 200_000)
    assert ("the connection ended after 100,000 of 200,000 bytes; trying again in 0 s", 100_000, None) in told
    assert told[-1] == (doing, 200_000, 200_000)
