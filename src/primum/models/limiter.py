"""How many calls may be under way to one server: adaptive, and paused when the server asks for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType


class Limiter:
    """A semaphore whose size halves on overload and climbs back by one a round of successes (AIMD, Chiu and Jain 1989).

    `limit` is in calls, between 1 and `most`. `successes` counts the calls that came back well. `clock` is the event
    loop's unless a test gives its own.
    """

    def __init__(self, most: int, clock: Callable[[], float] | None = None) -> None:
        self.most = most
        self.limit = float(most)
        self.under_way = 0
        self.successes = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._clock = clock
        self._paused_until = 0.0
        self._cut_at = float("-inf")

    async def __aenter__(self) -> float:
        """Wait for a place; the time at which it was given."""
        while self.under_way >= int(self.limit) or self._pause_left() > 0:
            pause = self._pause_left()
            if pause > 0:
                await asyncio.sleep(pause)
                continue
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():
                    self._wake()
                raise
        self.under_way += 1
        return self._now()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.under_way -= 1
        self._wake()

    def succeeded(self) -> None:
        """One call came back well: climb."""
        self.successes += 1
        if self.limit < self.most:
            self.limit = min(float(self.most), self.limit + 1.0 / self.limit)
            self._wake()

    def overloaded(self, started: float, retry_after: float | None = None) -> None:
        """The server said 429: halve, but only once for all the calls that were under way at the time."""
        now = self._now()
        if started >= self._cut_at:
            self.limit = max(1.0, self.limit / 2)
            self._cut_at = now
        if retry_after is not None:
            self._paused_until = max(self._paused_until, now + retry_after)

    def _wake(self) -> None:
        free = int(self.limit) - self.under_way
        while self._waiting and free > 0:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1

    def _pause_left(self) -> float:
        return self._paused_until - self._now() if self._paused_until else 0.0

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()
