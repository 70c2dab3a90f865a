"""Any OpenAI-compatible chat endpoint, over plain aiohttp (docs/decisions/0001 says why)."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import random
import urllib.parse
from collections.abc import Sequence
from typing import Any, NamedTuple

import aiohttp
import orjson
import yarl

from primum.config import EndpointConfig
from primum.errors import BadInputError, StoppedError
from primum.models.base import Prompt, Settings
from primum.models.completion import read_completion
from primum.models.limiter import Limiter
from primum.models.problems import Problem, read_problem, retry_after_seconds
from primum.records import Failure, FailureKind, Reply

log = logging.getLogger(__name__)

MOST_BYTES = 4 << 20  # of one answer's body: no chat answer is longer, and a broken server must not fill the memory


class Patience(NamedTuple):
    """How long to wait for one call and how often to try again: exponential backoff with full jitter.

    A try that an overloaded server turned away counts only while no other call succeeds there either.
    """

    timeout: float = 300.0
    tries: int = 8
    first: float = 0.5
    longest: float = 30.0
    retry_after: float = 300.0  # a longer Retry-After is not waited for

    def pause(self, retry: int, rng: random.Random) -> float:
        """Seconds before retry 0, 1, ... (Brooker 2015, "Exponential backoff and jitter": full jitter)."""
        return rng.uniform(0.0, min(self.longest, self.first * 2.0 ** min(retry, 60)))


class Endpoint:
    """One server, shared by the target and the judges that live on it: connections, limit, key."""

    def __init__(self, base_url: str, key: str, limiter: Limiter, patience: Patience) -> None:
        self.base_url = base_url.rstrip("/")
        self.limiter = limiter
        self.patience = patience
        self.reached = False  # whether the server was ever there
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """The connection pool, made inside the running loop at first use."""
        if self._session is None:
            headers = {"Content-Type": "application/json"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),  # no server is to recognise a run by its cookies
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
                timeout=aiohttp.ClientTimeout(total=self.patience.timeout),
                headers=headers,
            )
        return self._session

    def hide_key(self, body: bytes) -> bytes:
        """An error's body without the key, which some servers repeat: it must not reach a log, a message or a record."""
        return body.replace(self._key.encode(), b"[key]") if self._key else body

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def make_endpoint(config: EndpointConfig, limiter: Limiter, patience: Patience) -> Endpoint:
    """An endpoint with its key from the environment; `limiter` is shared by all endpoints on one base URL.

    Raises:
        BadInputError: the base URL is no http(s) address or holds a password or query, the named key variable is
            not set, or its value cannot be a key.
    """
    _check_base_url(config.base_url)
    key = os.environ.get(config.key_env, "").strip() if config.key_env else ""
    if not key.isprintable() or not key.isascii():
        raise BadInputError(f"the key in the environment variable {config.key_env} holds characters that no key has")
    if config.key_env and not key and config.key_env != "OPENAI_API_KEY":
        raise BadInputError(
            f"the environment variable {config.key_env}, named as the key of {config.base_url}, is not set"
        )
    return Endpoint(config.base_url, key, limiter, patience)


def _check_base_url(base_url: str) -> None:
    try:
        parts = urllib.parse.urlsplit(base_url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an address with an unclosed bracket
        raise BadInputError(f"the base URL '{base_url}' is no http:// or https:// address") from None
    if "@" in parts.netloc:
        raise BadInputError("a base URL must hold no user name or password: put the key into an environment variable")
    if not sound or any(letter.isspace() for letter in base_url):
        raise BadInputError(f"the base URL '{base_url}' is no http:// or https:// address")
    if parts.query or parts.fragment:
        raise BadInputError(
            f"the base URL '{base_url.partition('?')[0]}' must end in a path such as /v1, without ? or #"
        )


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
        self._url = yarl.URL(endpoint.base_url + "/chat/completions")  # parsed once, not a call
        self._rng = random.Random()
        self._without: set[str] = set()  # parameters that this server does not take

    async def reply(self, prompts: Sequence[Prompt]) -> list[Reply | Failure]:
        """One reply or failure for each prompt, in order.

        Raises:
            StoppedError: bad key, unknown model, no credit, no server there: no call can succeed.
        """
        if len(prompts) == 1:
            return [await self._ask(prompts[0])]
        try:
            async with asyncio.TaskGroup() as group:  # where one stops the run, no other goes on calling
                tasks = [group.create_task(self._ask(prompt)) for prompt in prompts]
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        return [task.result() for task in tasks]

    async def close(self) -> None:
        """Close the endpoint's connections."""
        await self._endpoint.close()

    async def _ask(self, prompt: Prompt) -> Reply | Failure:
        patience, limiter = self._endpoint.patience, self._endpoint.limiter
        retry = fruitless = successes = 0
        while True:
            async with limiter as started:
                self.calls += 1
                body = self._body(prompt)
                problem = await self._call(body)
                if isinstance(problem, Reply):
                    limiter.succeeded()
                    return problem
                if problem.overloaded:
                    wait = problem.retry_after
                    limiter.overloaded(started, wait if wait is not None and wait <= patience.retry_after else None)
            if problem.stop:
                raise StoppedError(f"{self.name}: {problem.stop}")
            if problem.unsupported in body:  # calls under way together may all be told so: each goes again
                self._give_up_parameter(problem.unsupported)
                continue
            if problem.overloaded and limiter.successes > successes:
                fruitless = 0  # the server serves others at its own pace: this item's turn comes
            successes = limiter.successes
            too_long = problem.retry_after is not None and problem.retry_after > patience.retry_after
            if not problem.retry or fruitless + 1 >= patience.tries or too_long:
                return self._give_up_item(problem.failure)
            self.retries += 1
            # An overloaded server's Retry-After pauses the whole endpoint in the limiter; this call's own pause runs
            # at the same time, so that a Retry-After of 0 does not spend all tries at once.
            pause = patience.pause(retry, self._rng)
            await asyncio.sleep(pause if problem.overloaded else max(pause, problem.retry_after or 0.0))
            retry, fruitless = retry + 1, fruitless + 1

    def _give_up_item(self, failure: Failure) -> Failure:
        """The failure to record; where no server was ever there, no other item would fare better."""
        if failure.kind is FailureKind.CONNECTION and not self._endpoint.reached:
            raise StoppedError(f"{self.name}: cannot reach {self._endpoint.base_url}: {failure.detail}")
        return failure

    async def _call(self, sent: dict[str, Any]) -> Reply | Problem:
        endpoint = self._endpoint
        try:
            # Redirects are not followed: requests and key go to the base URL's host and to no other.
            async with endpoint.session().post(self._url, data=orjson.dumps(sent), allow_redirects=False) as response:
                endpoint.reached = True
                body = await _read_capped(response)
                if body is None:
                    return Problem(
                        Failure(kind=FailureKind.TOO_LARGE, detail=f"an answer of over {MOST_BYTES >> 20} MiB")
                    )
                if response.status != 200:
                    wait = retry_after_seconds(response.headers.get("Retry-After"))
                    told, location = endpoint.hide_key(body), response.headers.get("Location", "")
                    return read_problem(response.status, told, wait, self._model, endpoint.base_url, location)
        except TimeoutError:
            seconds = endpoint.patience.timeout
            return Problem(Failure(kind=FailureKind.TIMEOUT, detail=f"no whole answer in {seconds:g} s"), retry=True)
        except aiohttp.InvalidURL as error:
            raise BadInputError(f"the base URL of {self.name} does not work: {error}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            endpoint.reached |= not isinstance(error, aiohttp.ClientConnectorError)
            detail = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            # More calls at once than this process may have files open: fewer will do.
            crowded = getattr(error, "errno", None) in {errno.EMFILE, errno.ENFILE}
            return Problem(Failure(kind=FailureKind.CONNECTION, detail=detail), retry=True, overloaded=crowded)
        answer = read_completion(body)
        return answer if isinstance(answer, Reply) else read_completion(endpoint.hide_key(body))

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        settings = self._settings
        body: dict[str, Any] = {"model": self._model, "messages": prompt.messages}
        body["max_completion_tokens" if "max_tokens" in self._without else "max_tokens"] = (
            prompt.max_tokens or settings.max_tokens
        )
        if "temperature" not in self._without:
            body["temperature"] = settings.temperature
        if settings.temperature > 0 and "seed" not in self._without:
            body["seed"] = settings.seed + prompt.sample
        if prompt.schema is not None and "response_format" not in self._without:
            schema = {"name": "verdict", "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _give_up_parameter(self, parameter: str) -> None:
        if parameter in self._without:
            return
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
    if length is not None and length <= MOST_BYTES and "Content-Encoding" not in response.headers:
        return await response.read()  # a compressed body's length says nothing of what it unpacks to
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            response.close()
            return None
    return b"".join(parts)
