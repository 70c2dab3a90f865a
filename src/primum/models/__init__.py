"""Models: `open_models` turns names into models that answer prompts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from primum.config import Config, EndpointConfig, endpoint_for
from primum.errors import BadInputError
from primum.models.api import ApiModel, Endpoint, Patience, make_endpoint
from primum.models.base import Message, Model, Prompt, Settings
from primum.models.limiter import Limiter
from primum.models.replay import ReplayModel

__all__ = ["Message", "Model", "ModelOpener", "Patience", "Prompt", "Settings"]


class ModelOpener:
    """Opens models by name; those on one server share its connections and its limit of calls under way."""

    def __init__(
        self,
        config: Config,
        *,
        base_url: str | None = None,
        concurrency: int | None = None,
        patience: Patience | None = None,
        batch: int = 32,
        recorded: Mapping[str, str] | None = None,
    ) -> None:
        self._recorded = recorded or {}
        self._config = config
        self._base_url = base_url
        self._concurrency = concurrency
        self._patience = patience or Patience()
        self._batch = batch
        self._endpoints: dict[str, Endpoint] = {}
        self._limiters: dict[str, Limiter] = {}
        self._adapters: dict[str, str] = {}

    def open(self, name: str, settings: Settings) -> Model:
        """The model of a name: `tiny[+ADAPTER]`, `hf/ID_OR_PATH[+ADAPTER]`, `replay/FILE`, `openai/MODEL`, `NAME/MODEL`.

        Raises:
            BadInputError: unknown kind of name, missing file, missing key, model that does not load.
        """
        from primum.models.local import LocalModel, local_name

        local = local_name(name)
        if local is not None:
            path, adapter = local
            model = LocalModel(name, path, settings, adapter, batch=self._batch)
            self._adapters |= {str(Path(adapter) / file): sha for file, sha in model.adapter_files.items()}
            return model
        kind, _, rest = name.partition("/")
        if not rest:
            raise BadInputError(
                f"'{name}' names no model: use tiny, hf/PATH, replay/FILE, openai/MODEL or ENDPOINT/MODEL"
            )
        if kind == "replay":
            return ReplayModel(rest)
        return ApiModel(name, rest, self._endpoint(kind), settings)

    def base_urls(self) -> dict[str, str]:
        """The base URL of every endpoint opened so far, by name: what a run records."""
        return {name: endpoint.base_url for name, endpoint in self._endpoints.items()}

    def adapters(self) -> dict[str, str]:
        """The SHA-256 of every file of the adapters opened so far, by its path as it was named: what a run records."""
        return dict(self._adapters)

    async def close(self, models: Sequence[Model]) -> None:
        """Close models and connections."""
        for model in models:
            await model.close()

    def _endpoint(self, kind: str) -> Endpoint:
        if kind not in self._endpoints:
            config = self._as_recorded(kind, endpoint_for(kind, self._config, self._base_url))
            most = self._concurrency or config.concurrency or self._config.concurrency
            limiter = self._limiters.setdefault(config.base_url.rstrip("/"), Limiter(most))
            self._endpoints[kind] = make_endpoint(config, limiter, self._patience)
        return self._endpoints[kind]

    def _as_recorded(self, kind: str, config: EndpointConfig) -> EndpointConfig:
        """The endpoint that the run has used so far, unless the user named another one for it in this very call."""
        before = self._recorded.get(kind)
        if before is None or self._base_url is not None or config.base_url.rstrip("/") == before:
            return config
        if kind == "openai" and not os.environ.get("OPENAI_BASE_URL"):
            return config.model_copy(update={"base_url": before})
        raise BadInputError(
            f"this run used {before} as '{kind}', which is now {config.base_url}: put it back"
            + (", or name the server with --base-url" if kind == "openai" else ", or start a new run")
        )
