"""`primum judge`: judge a run's responses again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from primum.cli import options


def judge(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    judge: Annotated[list[str], typer.Option("--judge", help="A judge; may be repeated.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Copy the run there first and judge the copy.", show_default=False)
    ] = None,
    protocol: Annotated[str, typer.Option("--protocol", help="primum or paper.", show_default="that of the run")] = "",
    concurrency: options.Concurrency = None,
    base_url: options.BaseUrl = None,
    timeout: options.Timeout = 300.0,
    data: options.Data = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Judge recorded responses by more judges; items and responses of the run stay as they are."""
    from primum.cli.show import show_progress, show_run
    from primum.config import data_folder, load_config
    from primum.evaluate import Tools, judge_again
    from primum.models import Patience

    config = load_config()
    tools = Tools(config, data_folder(data, config), base_url, concurrency, Patience(timeout=timeout))
    summary = judge_again(run, tuple(judge), tools, show_progress(quiet), out, protocol)
    show_run(out or run, summary, as_json=json)
