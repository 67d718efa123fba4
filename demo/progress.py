"""Prints the steps of a run with their times, and a sign of life where a step takes long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import sys
import time
from typing import TextIO

# Seconds between two signs of life. Without a terminal, nothing can be drawn anew: each is a line.
_IN_TERMINAL_S = 0.5
_AS_LINES_S = 4
_BAR = 24


class Step:
    """One step while it runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.status = ""
        """How far it is, or what it has led to."""
        self.share: float | None = None
        """The part that is done, from 0 to 1; None where nobody knows."""


class Progress:
    """The output of one run. Times count from its beginning. A quiet one prints nothing."""

    def __init__(self, output: TextIO | None = None, *, every_s: float | None = None, is_quiet: bool = False) -> None:
        """Print to a stream, by default the standard output, and give a sign of life every few seconds."""
        self._output = output or sys.stdout
        self._started = time.monotonic()
        self._is_quiet = is_quiet
        self._is_terminal = self._output.isatty()
        self._every_s = every_s or (_IN_TERMINAL_S if self._is_terminal else _AS_LINES_S)

    def say(self, text: str) -> None:
        """Print a line."""
        self._print(text)

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[Step]:
        """Print the beginning and the end of a step; in between, every few seconds, its status."""
        step, started = Step(name), time.monotonic()
        self._print(f"{name} …", is_running=True)
        signs = asyncio.create_task(self._show(step, started))
        try:
            yield step
        except BaseException:
            self._print(f"{name} {self._drawn(step, started)}")
            raise
        finally:
            signs.cancel()
            with suppress(asyncio.CancelledError):
                await signs
        self._print(f"{name}: {step.status or 'done'} ({time.monotonic() - started:.1f} s)")

    async def _show(self, step: Step, started: float) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            self._print(f"{step.name} {self._drawn(step, started)}", is_running=True)

    def _drawn(self, step: Step, started: float) -> str:
        done = round(_BAR * min(1, step.share)) if step.share is not None else 0
        time_s = f"{time.monotonic() - started:.0f} s"
        bar = time_s if step.share is None else f"[{'#' * done}{'.' * (_BAR - done)}]"
        return f"… {bar} {step.status}".rstrip()

    def _print(self, text: str, *, is_running: bool = False) -> None:
        """Print a line; in a terminal, the next one replaces it while its step is running."""
        if self._is_quiet:
            return
        line = f"{time.monotonic() - self._started:6.1f} s  {text}"
        if self._is_terminal:
            print(f"\r\033[K{line}", end="" if is_running else "\n", file=self._output, flush=True)
        else:
            print(line, file=self._output, flush=True)
