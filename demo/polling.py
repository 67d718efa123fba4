"""Waiting for a condition instead of for a time."""

import asyncio
from collections.abc import Awaitable, Callable
import time


class DemoError(Exception):
    """Something in the demo is not as it must be; the text is for people."""


async def until[T](
    probe: Callable[[], Awaitable[T | None]], what: str, *, timeout_s: float = 60, interval_s: float = 0.25
) -> T:
    """Ask `probe` again and again until it answers something other than None or False.

    Raises DemoError naming `what` when it hasn't within `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        answer = await probe()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() >= deadline:
            raise DemoError(f"Waited {timeout_s:g} s in vain for {what}")
        await asyncio.sleep(interval_s)
