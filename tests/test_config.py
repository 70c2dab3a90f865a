"""Flags come before the environment, that before `primum.toml`, that before defaults; unknown keys are errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from primum.config import Config, data_folder, endpoint_for, load_config, users_data_folder
from primum.errors import BadInputError


def write(folder: Path, text: str) -> Path:
    file = folder / "primum.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_no_file_is_all_defaults(tmp_path: Path) -> None:
    assert load_config(tmp_path / "primum.toml") == Config()


def test_order_of_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(write(tmp_path, 'data = "there"'))
    monkeypatch.delenv("PRIMUM_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert data_folder(None, Config()) is None
    (tmp_path / "share" / "primum").mkdir(parents=True)
    assert data_folder(None, Config()) == tmp_path / "share" / "primum"
    assert data_folder(None, config) == tmp_path / "there"
    monkeypatch.setenv("PRIMUM_DATA", "/from/environment")
    assert data_folder(None, config) == Path("/from/environment")
    assert data_folder(Path("flag"), config) == Path("flag")


def test_the_users_own_folder_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert users_data_folder() == tmp_path / ".local" / "share" / "primum"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")  # to be ignored, the specification says
    assert users_data_folder() == tmp_path / ".local" / "share" / "primum"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert users_data_folder() == tmp_path / "share" / "primum"


def test_order_of_the_base_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = load_config(write(tmp_path, '[endpoint.ward]\nbase_url = "http://ward/v1"\nconcurrency = 4\n'))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert endpoint_for("openai", config).base_url == "https://api.openai.com/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://environment/v1")
    assert endpoint_for("openai", config).base_url == "http://environment/v1"
    assert endpoint_for("openai", config, "http://flag/v1").base_url == "http://flag/v1"
    assert endpoint_for("ward", config, "http://flag/v1").base_url == "http://ward/v1"
    with pytest.raises(BadInputError, match="known are tiny, hf, replay, openai, ward"):
        endpoint_for("wrad", config)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("colour = 1", "colour: unknown key"),
        ('[endpoint.ward]\nurl = "x"', "endpoint.ward.url: unknown key"),
        ("concurrency = 0", "concurrency: "),
        ("concurrency = many", "does not read as TOML"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(BadInputError) as error:
        load_config(write(tmp_path, text))
    assert fault in " ".join((str(error.value), *error.value.faults))
