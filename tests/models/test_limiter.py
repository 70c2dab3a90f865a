"""How many calls may be under way: halved on overload, climbing by one a round, paused when the server asks for it.

Times are read off a clock that the test moves by hand; no test waits for a real second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from primum.models.limiter import Limiter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(test(), 20)

    asyncio.run(limited())


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_no_more_than_the_limit_are_under_way_and_everyone_gets_through() -> None:
    async def test() -> None:
        limiter, most, done = Limiter(3), 0, 0

        async def call() -> None:
            nonlocal most, done
            async with limiter:
                most = max(most, limiter.under_way)
                await asyncio.sleep(0)
                done += 1

        await asyncio.gather(*(call() for _ in range(50)))
        assert (most, done, limiter.under_way) == (3, 50, 0)

    run(test)


def test_overload_halves_once_for_all_calls_that_were_under_way_together() -> None:
    clock = Clock()
    limiter = Limiter(16, clock)
    for _ in range(16):  # all started at 100, all told to slow down
        clock.now += 0.01
        limiter.overloaded(100.0)
    assert limiter.limit == 8.0
    limiter.overloaded(clock.now)  # one that started after the cut: again
    assert limiter.limit == 4.0


def test_the_limit_never_falls_below_one_and_never_climbs_above_the_most() -> None:
    clock = Clock()
    limiter = Limiter(4, clock)
    for _ in range(10):
        clock.now += 1
        limiter.overloaded(clock.now)
    assert limiter.limit == 1.0
    for _ in range(1000):
        limiter.succeeded()
    assert limiter.limit == 4.0
    assert limiter.successes == 1000


def test_the_limit_climbs_by_one_a_round_of_successes() -> None:
    clock = Clock()
    limiter = Limiter(32, clock)
    limiter.overloaded(clock.now)
    for _ in range(16):  # one round at a limit of 16: 16 steps of a little under 1/16
        limiter.succeeded()
    assert 16.9 < limiter.limit <= 17.0


def test_a_pause_holds_everyone_back_until_it_is_over() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        limiter = Limiter(8)
        entered: list[float] = []

        async def call() -> None:
            async with limiter as at:
                entered.append(at)

        over = loop.time() + 0.2
        limiter.overloaded(loop.time(), 0.2)
        await asyncio.gather(*(call() for _ in range(20)))
        assert len(entered) == 20
        assert min(entered) >= over - 0.005

    run(test)


def test_a_shorter_pause_does_not_cut_a_longer_one_short() -> None:
    async def test() -> None:
        limiter = Limiter(2)
        now = asyncio.get_running_loop().time()
        limiter.overloaded(now, 0.2)
        limiter.overloaded(now, 0.0)
        async with limiter as at:
            assert at >= now + 0.195

    run(test)


def test_those_who_wait_go_on_when_the_limit_climbs() -> None:
    async def test() -> None:
        limiter = Limiter(2)
        limiter.overloaded(limiter._now())
        inside, leave = [], asyncio.Event()

        async def call(n: int) -> None:
            async with limiter:
                inside.append(n)
                await leave.wait()

        calls = [asyncio.create_task(call(n)) for n in range(2)]
        await settle()
        assert inside == [0]
        limiter.succeeded()  # 1 + 1/1 = 2
        await settle()
        assert inside == [0, 1]
        leave.set()
        await asyncio.gather(*calls)

    run(test)


@pytest.mark.parametrize("moment", ["while waiting", "when already called in"])
def test_a_cancelled_call_does_not_take_its_place_with_it(moment: str) -> None:
    async def test() -> None:
        limiter = Limiter(1)
        inside: list[int] = []

        async def call(n: int) -> None:
            async with limiter:
                inside.append(n)

        await limiter.__aenter__()
        first, second = asyncio.create_task(call(1)), asyncio.create_task(call(2))
        await settle()
        if moment == "while waiting":
            first.cancel()
            await settle()
            await limiter.__aexit__(None, None, None)
        else:
            await limiter.__aexit__(None, None, None)  # wakes the first, which has not run yet
            first.cancel()
        await second
        assert inside == [2]
        assert limiter.under_way == 0

    run(test)


def test_a_call_that_ends_in_an_error_gives_its_place_back() -> None:
    async def test() -> None:
        limiter = Limiter(1)
        for _ in range(3):
            with pytest.raises(ValueError, match="broken"):
                async with limiter:
                    raise ValueError("broken")
        assert limiter.under_way == 0

    run(test)


def test_calls_that_come_and_go_and_are_cut_and_cancelled_at_random_all_end() -> None:
    """A search for lost wake-ups: 300 calls, each of which may overload, succeed or be cancelled."""

    async def test() -> None:
        import random

        rng = random.Random(5)
        limiter = Limiter(6)

        async def call() -> None:
            async with limiter as started:
                assert limiter.under_way <= 6
                await asyncio.sleep(rng.random() / 500)
                if rng.random() < 0.3:
                    limiter.overloaded(started, rng.choice([None, 0.001]))
                else:
                    limiter.succeeded()

        calls = [asyncio.create_task(call()) for _ in range(300)]
        for one in rng.sample(calls, 60):
            await asyncio.sleep(0.0005)
            one.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert limiter.under_way == 0

    run(test)
