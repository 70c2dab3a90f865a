"""`primum.toml`: endpoints and defaults. Flags and the environment come before it.

data = "../medical-data"          # relative to this file
concurrency = 32

[endpoint.ward]                   # then: primum eval ward/MODEL
base_url = "http://127.0.0.1:8000/v1"
key_env = "WARD_KEY"
concurrency = 16
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from primum.errors import BadInputError

DEFAULT_CONCURRENCY = 32
OPENAI_BASE_URL = "https://api.openai.com/v1"


class EndpointConfig(BaseModel):
    """One OpenAI-compatible server: where it is, which environment variable holds its key, how many calls at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    base_url: str
    key_env: str = ""
    concurrency: int | None = Field(default=None, ge=1)


class Config(BaseModel):
    """All that `primum.toml` may hold; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    data: str | None = None
    concurrency: int = Field(default=DEFAULT_CONCURRENCY, ge=1)
    endpoint: dict[str, EndpointConfig] = Field(default_factory=dict)


def load_config(file: Path = Path("primum.toml")) -> Config:
    """Read the file if it is there; paths in it become relative to it.

    Raises:
        BadInputError: the file is no TOML, or has an unknown key or a wrong value.
    """
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Config()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadInputError(f"{file} does not read as TOML: {error}") from error
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        faults = tuple(
            f"{file}: {'.'.join(str(part) for part in fault['loc'])}: {_told(fault['type'], fault['msg'])}"
            for fault in error.errors(include_url=False)
        )
        raise BadInputError(f"{file} has {len(faults)} fault(s)", faults) from error
    if config.data is not None:
        config = config.model_copy(update={"data": str((file.parent / config.data).resolve())})
    return config


def data_folder(flag: Path | None, config: Config) -> Path | None:
    """Where data lies: `--data`, else `PRIMUM_DATA`, else `primum.toml`, else the user's own folder if there is one."""
    chosen = str(flag) if flag is not None else os.environ.get("PRIMUM_DATA") or config.data
    if chosen:
        return Path(chosen)
    return users_data_folder() if users_data_folder().is_dir() else None


def users_data_folder() -> Path:
    """Where fetched data goes when no folder was named: `~/.local/share/primum` (XDG Base Directory 0.8)."""
    share = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (share if share.is_absolute() else Path(os.environ.get("HOME", "/")) / ".local" / "share") / "primum"


def endpoint_for(name: str, config: Config, base_url: str | None = None) -> EndpointConfig:
    """The endpoint of a model name's first part: `openai`, or a name from `primum.toml`.

    Raises:
        BadInputError: the name is unknown; the known ones are listed.
    """
    if name in config.endpoint:
        return config.endpoint[name]
    if name == "openai":
        url = base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_BASE_URL
        return EndpointConfig(base_url=url, key_env="OPENAI_API_KEY")
    known = ", ".join(["tiny", "hf", "replay", "openai", *sorted(config.endpoint)])
    raise BadInputError(
        f"no model kind or endpoint named '{name}': known are {known} (add [endpoint.{name}] to primum.toml)"
    )


def _told(kind: str, message: str) -> str:
    return "unknown key" if kind == "extra_forbidden" else message
