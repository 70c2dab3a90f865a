"""Options that several commands share."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

debugging = {"on": False}


def _turn_on_debug(value: bool) -> bool:
    if value:
        debugging["on"] = True
        logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    return value


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress.")]
Debug = Annotated[
    bool, typer.Option("--debug", callback=_turn_on_debug, help="Show logs and, on an error, the whole traceback.")
]
Data = Annotated[
    Path | None, typer.Option("--data", help="Folder with data already here (or PRIMUM_DATA).", show_default=False)
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Server for openai/ names (or OPENAI_BASE_URL).", show_default=False)
]
Concurrency = Annotated[
    int | None,
    typer.Option("--concurrency", min=1, help="Calls under way at once per server. [default: 32]", show_default=False),
]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds to wait for one whole answer.")]
MaxFailed = Annotated[
    float, typer.Option("--max-failed", min=0.0, max=1.0, help="Share of failed responses above which to exit with 1.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random choice.")]
ExpertLabels = Annotated[
    list[Path] | None,
    typer.Option(
        "--expert-labels",
        help="A file of people's labels of answers (primum agree --plan draws them); may be repeated, a file a rater.",
        show_default=False,
    ),
]
