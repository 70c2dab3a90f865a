"""Where real data is, for the tests that need it: PRIMUM_DATA, else the folder beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("PRIMUM_DATA") or Path(__file__).parents[2] / "shared" / "data")
needs_data = pytest.mark.skipif(
    not (FOLDER / "med-safety-bench").is_dir(),
    reason="needs real data: set PRIMUM_DATA to a folder with med-safety-bench",
)
