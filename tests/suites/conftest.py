"""The folder of real data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data import FOLDER


@pytest.fixture
def data() -> Path:
    return FOLDER
