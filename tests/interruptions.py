"""Finds every await of the integration while it works, and interrupts it there.

Tasks are watched from outside: whenever one is suspended in code of the integration, that is a point. A new await is a
new point without anybody listing it.
"""
# ruff: noqa: ANN401 -- what a coroutine sends and yields has any type

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, override
from unittest.mock import patch

from homeassistant.util.async_ import get_scheduled_timer_handles

from custom_components.apsystems_openapi import const

_PACKAGE = Path(const.__file__).parent


@dataclass(frozen=True, order=True)
class Point:
    """The n-th time that a task is suspended at a place; the place is the chain of the integration's functions."""

    place: str
    number: int

    @override
    def __str__(self) -> str:
        return f"{self.place} #{self.number}"


@dataclass
class Watch:
    """Notes the points that are reached while it is on, and interrupts at one of them."""

    target: Point | None = None
    interrupt: Callable[[], Coroutine[Any, Any, None]] | None = None
    points: list[Point] = field(default_factory=list)
    interruption: asyncio.Task[None] | None = None
    is_on: bool = False
    _times: Counter[str] = field(default_factory=Counter)

    def suspended(self, coroutine: Any) -> None:
        """Note that a task is suspended."""
        if not self.is_on or (place := _place(coroutine)) is None:
            return
        self._times[place] += 1
        point = Point(place, self._times[place])
        self.points.append(point)
        if point == self.target and self.interrupt is not None:
            self.is_on = False
            # A task that starts with the next step of the loop, before whatever is awaited can go on.
            self.interruption = asyncio.Task(self.interrupt(), loop=asyncio.get_running_loop())

    def task[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a watched task."""
        return asyncio.Task(_Watched(self, work), loop=asyncio.get_running_loop())


class _Watched[T](Coroutine[Any, Any, T]):
    """A coroutine whose suspensions are noted."""

    def __init__(self, watch: Watch, coroutine: Coroutine[Any, Any, T]) -> None:
        self._watch = watch
        self._coroutine = coroutine

    @property
    def __name__(self) -> str:
        return getattr(self._coroutine, "__name__", "coroutine")

    @override
    def send(self, value: Any) -> Any:
        awaited = self._coroutine.send(value)
        self._watch.suspended(self._coroutine)
        return awaited

    @override
    def throw(self, *error: Any) -> Any:
        awaited = self._coroutine.throw(*error)
        self._watch.suspended(self._coroutine)
        return awaited

    @override
    def close(self) -> None:
        self._coroutine.close()

    @override
    def __await__(self) -> Iterator[Any]:
        raise NotImplementedError("only a task runs it")

    @property
    def chain(self) -> Any:
        """The coroutine itself."""
        return self._coroutine


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Watch every task that Home Assistant creates."""

    def create(coroutine: Coroutine[Any, Any, Any], **how: Any) -> asyncio.Task[Any]:
        return asyncio.Task(_Watched(watch, coroutine), **how)

    with patch("homeassistant.util.async_.Task", create):
        yield


def own_tasks() -> list[str]:
    """Return the names of all tasks that run code of the integration."""
    own = []
    for task in asyncio.all_tasks():
        coroutine: Any = task.get_coro()
        if _place(coroutine.chain if isinstance(coroutine, _Watched) else coroutine) is not None:
            own.append(task.get_name())
    return own


def own_timers() -> list[asyncio.TimerHandle]:
    """Return all timers of the running loop that would call the integration."""
    return [
        handle
        for handle in get_scheduled_timer_handles(asyncio.get_running_loop())
        if not handle.cancelled() and const.__package__ in repr((handle._callback, handle._args))  # noqa: SLF001
    ]


def _place(coroutine: Any) -> str | None:
    """Return the functions of the integration that a coroutine is in, with their lines; None when in none."""
    parts = []
    while coroutine is not None:
        if (frame := getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)) is not None and (
            name := _module(frame.f_code.co_filename)
        ):
            parts.append(f"{name}.{frame.f_code.co_name}:{frame.f_lineno}")
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return " > ".join(parts) if parts else None


@cache
def _module(file: str) -> str | None:
    """Return the name of a module of the integration by its file; None for any other file."""
    path = Path(file)
    return path.relative_to(_PACKAGE).with_suffix("").as_posix() if path.is_relative_to(_PACKAGE) else None
