"""The house: every file imports from lower floors or from its own room, never upward, never across."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "primum"
FLOORS: dict[int, tuple[str, ...]] = {
    8: ("cli",),  # and __main__.py, its other door
    7: ("demo", "curve"),
    6: ("evaluate", "align"),
    5: ("evaluator", "gate", "capability"),
    4: ("judges", "suites", "estimates", "compare", "published", "report", "agree"),
    3: ("models", "marks", "fetch", "labels"),
    2: ("ledger", "novelty", "measures", "config", "rows", "jargon", "download", "unpack"),
    1: ("records", "errors", "prompts", "words", "scenarios", "stats"),
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
STRANGERS = {"stats": set[str](), "errors": set[str](), "words": set[str]()}  # import nothing of ours


def room_of(file: Path) -> str:
    room = file.relative_to(SOURCE).with_suffix("").parts[0]
    return "cli" if room == "__main__" else room


def imports_of(file: Path) -> set[str]:
    """The rooms of ours that a file imports, at its top or inside a function."""
    rooms = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "primum" else [node.module]
            )
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{file}: relative import"
        rooms |= {name.split(".")[1] for name in names if name.startswith("primum.")}
    return rooms - {"__version__"}


FILES = sorted(file for file in SOURCE.rglob("*.py") if file != SOURCE / "__init__.py")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_imports_go_down(file: Path) -> None:
    room = room_of(file)
    assert room in FLOOR_OF, f"{room} stands on no floor: add it to FLOORS and to the README's tree"
    for imported in imports_of(file) - {room}:
        assert imported in FLOOR_OF, f"{file} imports primum.{imported}, which stands on no floor"
        assert FLOOR_OF[imported] < FLOOR_OF[room], (
            f"{file} ({FLOOR_OF[room]}) imports {imported} ({FLOOR_OF[imported]})"
        )
        assert room not in STRANGERS, f"{file} may import nothing of ours"


@pytest.mark.parametrize("file", sorted((SOURCE / "cli").glob("*.py")), ids=lambda file: file.name)
def test_a_verb_imports_only_typer_at_the_top(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    tops = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {
        name.split(".")[0] if not name.startswith("primum") else ".".join(name.split(".")[:2])
        for node in tops
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    foreign = modules - set(sys.stdlib_module_names) - {"typer", "primum.cli"}
    assert not foreign


HEAVY = (
    "torch",
    "transformers",
    "scipy.stats",
    "fastapi",
    "starlette",
    "lm_eval",
    "trl",
    "peft",
    "datasets",
    "accelerate",
    "sklearn",
    "altair",
    "duckdb",
    "aiohttp",
)


@pytest.mark.parametrize("statement", ["import primum", "import primum.cli; primum.cli.run(['--help'])"])
def test_starting_loads_nothing_heavy(statement: str) -> None:
    code = f"import sys\n{statement}\nprint(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""


def test_statistics_need_no_scipy_stats() -> None:
    code = (
        "import sys, primum.estimates, primum.compare, primum.evaluate\n"
        "print('scipy.stats' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
