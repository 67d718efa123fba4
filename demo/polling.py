"""Waits for a condition instead of a time."""

import asyncio
from collections.abc import Awaitable, Callable
import time


class DemoError(Exception):
    """The demo cannot go on; its text is shown to the user."""


async def until[T](
    probe: Callable[[], Awaitable[T | None]], what: str, *, timeout_s: float = 60, interval_s: float = 0.25
) -> T:
    """Call `probe` repeatedly until it returns something other than None, False and an empty list; return that.

    Raises DemoError that names `what` after `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        answer = await probe()
        if answer not in (None, False, []):
            return answer
        if time.monotonic() >= deadline:
            raise DemoError(f"Waited {timeout_s:g} s for {what}")
        await asyncio.sleep(interval_s)
