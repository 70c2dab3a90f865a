"""With files of the data folder, bundled exams and a model on disk nothing asks the hub."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="exams need the extra 'capability'")

from primum.capability.offline import NAMES, offline
from tests.capability import made
from tests.command import primum


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """A server that stands where the hub is thought to be, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def test_local_exams_on_a_local_model_ask_nobody(tmp_path: Path, hub: tuple[str, list[str]]) -> None:
    pytest.importorskip("torch")
    address, asked = hub
    made.pubmedqa(tmp_path)
    env = {"HF_ENDPOINT": address, "PRIMUM_DATA": str(tmp_path), "HF_HOME": str(tmp_path / "hf")}
    done = primum(
        "capability", "tiny", "--exam", "starter-exam,pubmedqa", "--limit", "4", "--json", cwd=tmp_path, **env
    )
    assert done.code == 0, done.err
    assert asked == []
    assert not (tmp_path / "hf").exists()  # nor is anything kept of the exams
    # and the server would have heard of it: an exam that is not here is looked for there
    missing = primum("capability", "tiny", "--exam", "medqa", cwd=tmp_path, **env)
    assert missing.code == 2
    assert asked


def test_libraries_that_were_loaded_before_are_kept_off_too_and_set_free_after(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets.config
    import huggingface_hub.constants as constants

    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    with offline():
        assert (constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE) == (True, True)
        assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert (constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE) == (False, False)
    assert not set(NAMES) & os.environ.keys()


def test_a_user_who_is_offline_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants as constants

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with offline():
        pass
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert constants.HF_HUB_OFFLINE is True


def test_libraries_loaded_inside_are_set_free_after(tmp_path: Path) -> None:
    code = (
        "from primum.capability.offline import offline\n"
        "with offline():\n"
        "    import huggingface_hub.constants as constants\n"
        "    assert constants.HF_HUB_OFFLINE\n"
        "print(constants.HF_HUB_OFFLINE)"
    )
    env = {name: value for name, value in os.environ.items() if name not in NAMES}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout == "False\n"
