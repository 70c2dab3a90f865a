"""Running the command line as a user does: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import orjson


class Done(NamedTuple):
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """stdout as one JSON object."""
        value = orjson.loads(self.out)
        assert isinstance(value, dict)
        return value


def primum(*arguments: str, cwd: Path, before: str = "", **env: str) -> Done:
    """`primum ARGUMENTS` in `cwd`; `before` is Python to run first in that process, `env` adds to the environment."""
    code = f"import sys\n{before}\nfrom primum.cli import main\nmain()"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PRIMUM_"))}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**inherited, "OPENAI_API_KEY": "secret-key", "COLUMNS": "200", "XDG_DATA_HOME": str(cwd / "share"), **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
