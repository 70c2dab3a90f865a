"""Any OpenAI-compatible chat endpoint, over plain aiohttp (docs/decisions/0001 says why)."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import aiohttp
import orjson

from primum.config import EndpointConfig
from primum.errors import BadInputError, StoppedError
from primum.models.base import Prompt, Settings, split_reasoning
from primum.models.limiter import Limiter
from primum.models.problems import Problem, explain_body, read_problem, retry_after_seconds
from primum.records import Failure, FailureKind, Reply

log = logging.getLogger(__name__)

MOST_BYTES = 4 << 20  # of one answer's body: no chat answer is longer, and a broken server must not fill the memory


class Patience(NamedTuple):
    """How long to wait for one call and how often to try again: exponential backoff with full jitter."""

    timeout: float = 300.0
    tries: int = 6
    first: float = 0.5
    longest: float = 30.0
    retry_after: float = 300.0  # a longer Retry-After is not waited for

    def pause(self, retry: int, rng: random.Random) -> float:
        """Seconds before retry 0, 1, ... (Brooker 2015, "Exponential backoff and jitter": full jitter)."""
        return rng.uniform(0.0, min(self.longest, self.first * 2.0**retry))


class Endpoint:
    """One server, shared by the target and the judges that live on it: connections, limit, key."""

    def __init__(self, base_url: str, key: str, concurrency: int, patience: Patience) -> None:
        self.base_url = base_url.rstrip("/")
        self.limiter = Limiter(concurrency)
        self.patience = patience
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """The connection pool, made inside the running loop at first use."""
        if self._session is None:
            headers = {"Content-Type": "application/json"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
                timeout=aiohttp.ClientTimeout(total=self.patience.timeout),
                headers=headers,
            )
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def make_endpoint(config: EndpointConfig, concurrency: int, patience: Patience) -> Endpoint:
    """An endpoint with its key from the environment.

    Raises:
        BadInputError: the base URL is no http(s) address, or the named key variable is not set.
    """
    if not config.base_url.startswith(("http://", "https://")):
        raise BadInputError(f"the base URL '{config.base_url}' is no http:// or https:// address")
    key = os.environ.get(config.key_env, "") if config.key_env else ""
    if config.key_env and not key and config.key_env != "OPENAI_API_KEY":
        raise BadInputError(
            f"the environment variable {config.key_env}, named as the key of {config.base_url}, is not set"
        )
    return Endpoint(config.base_url, key, config.concurrency or concurrency, patience)


class ApiModel:
    """One model on an endpoint."""

    batch = 1

    def __init__(self, name: str, model: str, endpoint: Endpoint, settings: Settings) -> None:
        self.name = name
        self.width = endpoint.limiter.most
        self.resource = endpoint.base_url
        self.calls = 0
        self.retries = 0
        self.notes: list[str] = []
        self._model = model
        self._endpoint = endpoint
        self._settings = settings
        self._url = endpoint.base_url + "/chat/completions"
        self._rng = random.Random()
        self._without: set[str] = set()  # parameters that this server does not take

    async def reply(self, prompts: Sequence[Prompt]) -> list[Reply | Failure]:
        """One reply or failure for each prompt, in order.

        Raises:
            StoppedError: bad key, unknown model, no credit: no call can succeed.
        """
        if len(prompts) == 1:
            return [await self._ask(prompts[0])]
        return list(await asyncio.gather(*(self._ask(prompt) for prompt in prompts)))

    async def close(self) -> None:
        """Close the endpoint's connections."""
        await self._endpoint.close()

    async def _ask(self, prompt: Prompt) -> Reply | Failure:
        patience, limiter = self._endpoint.patience, self._endpoint.limiter
        failure = Failure(kind=FailureKind.CONNECTION)
        retry = 0
        while True:
            async with limiter as started:
                self.calls += 1
                problem = await self._call(prompt)
                if isinstance(problem, Reply):
                    limiter.succeeded()
                    return problem
                if problem.overloaded:
                    wait = problem.retry_after
                    limiter.overloaded(started, wait if wait is not None and wait <= patience.retry_after else None)
            if problem.stop:
                raise StoppedError(f"{self.name}: {problem.stop}")
            if problem.unsupported and problem.unsupported not in self._without:
                self._give_up_parameter(problem.unsupported)
                continue
            failure = problem.failure
            too_long = problem.retry_after is not None and problem.retry_after > patience.retry_after
            if not problem.retry or retry + 1 >= patience.tries or too_long:
                return failure
            self.retries += 1
            if problem.retry_after is None or not problem.overloaded:
                await asyncio.sleep(max(patience.pause(retry, self._rng), problem.retry_after or 0.0))
            retry += 1

    async def _call(self, prompt: Prompt) -> Reply | Problem:
        try:
            async with self._endpoint.session().post(self._url, data=self._body(prompt)) as response:
                body = await _read_capped(response)
                if body is None:
                    return Problem(
                        Failure(kind=FailureKind.TOO_LARGE, detail=f"an answer of over {MOST_BYTES >> 20} MiB")
                    )
                if response.status != 200:
                    wait = retry_after_seconds(response.headers.get("Retry-After"))
                    return read_problem(response.status, body, wait, self._model, self._endpoint.base_url)
        except TimeoutError:
            seconds = self._endpoint.patience.timeout
            return Problem(Failure(kind=FailureKind.TIMEOUT, detail=f"no whole answer in {seconds:g} s"), retry=True)
        except aiohttp.InvalidURL as error:
            raise BadInputError(f"the base URL of {self.name} does not work: {error}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            detail = f"{type(error).__name__}: {error}"
            return Problem(Failure(kind=FailureKind.CONNECTION, detail=detail), retry=True)
        return read_completion(body)

    def _body(self, prompt: Prompt) -> bytes:
        settings = self._settings
        body: dict[str, Any] = {"model": self._model, "messages": prompt.messages}
        body["max_completion_tokens" if "max_tokens" in self._without else "max_tokens"] = settings.max_tokens
        if "temperature" not in self._without:
            body["temperature"] = settings.temperature
        if settings.temperature > 0 and "seed" not in self._without:
            body["seed"] = settings.seed + prompt.sample
        if prompt.schema is not None and "response_format" not in self._without:
            schema = {"name": "verdict", "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return orjson.dumps(body)

    def _give_up_parameter(self, parameter: str) -> None:
        self._without.add(parameter)
        instead = {
            "max_tokens": "max_completion_tokens is sent",
            "response_format": "the judge is asked for JSON in words",
        }
        note = f"{self.name} does not take '{parameter}': {instead.get(parameter, 'its own default is used')}"
        self.notes.append(note)
        log.warning(note)


async def _read_capped(response: aiohttp.ClientResponse) -> bytes | None:
    length = response.content_length
    if length is not None and length <= MOST_BYTES:
        return await response.read()
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            response.close()
            return None
    return b"".join(parts)


def read_completion(body: bytes) -> Reply | Problem:
    """The answer in a 200 body of a chat completion, or what is wrong with it.

    A null or absent content is `empty`, an empty `choices` too; both are tried again. A body that is no JSON
    object (HTML, cut off) is `bad_response`. A `refusal` field is the answer's text where there is no other.
    """
    try:
        answer = orjson.loads(body)
        choices = answer["choices"]
        choice = choices[0] if choices else {}
        message = choice.get("message")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        detail = f"not a chat completion: {explain_body(body)}"
        return Problem(Failure(kind=FailureKind.BAD_RESPONSE, detail=detail), retry=True)
    if not isinstance(message, dict):
        return Problem(Failure(kind=FailureKind.EMPTY, detail="no choices in the answer"), retry=True)
    finish = str(choice.get("finish_reason") or "stop")
    text = _content_text(message.get("content"))
    reasoning = _content_text(message.get("reasoning_content") or message.get("reasoning")) or ""
    if text is None:
        text = _content_text(message.get("refusal"))
    if finish == "content_filter" and not (text or "").strip():
        return Problem(Failure(kind=FailureKind.FILTERED, detail="the provider's content filter withheld the answer"))
    if text is None and not (reasoning and finish == "length"):
        return Problem(Failure(kind=FailureKind.EMPTY, detail="the answer has no content"), retry=True)
    reply = split_reasoning(_whole(text or ""), _whole(reasoning), finish)
    if isinstance(reply, Failure):
        return Problem(reply)
    usage = answer.get("usage")
    if isinstance(usage, dict):
        counts = {key: usage.get(key) for key in ("prompt_tokens", "completion_tokens")}
        reply = reply.model_copy(update={key: n for key, n in counts.items() if type(n) is int})
    return reply


def _content_text(content: object) -> str | None:
    """The text of a message's content: a string, or a list of text parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return None


def _whole(text: str) -> str:
    """The text with what is no valid Unicode (lone surrogates) replaced, so that it can be stored."""
    return text.encode("utf-8", "replace").decode("utf-8")
