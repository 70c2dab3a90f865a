"""No test sees the environment's endpoint, key or data folder."""

from __future__ import annotations

import pytest

KEY = "sk-loopback-0123456789"


@pytest.fixture(autouse=True)
def _own_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("XDG_DATA_HOME", "/nonexistent")
