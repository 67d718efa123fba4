"""A run is never silent for long, in a terminal or without one; a port that is in use is found out at once."""
# ruff: noqa: D103

import asyncio
import io
import re
import socket
from typing import override

import pytest

from demo.polling import DemoError
from demo.process import check_port, next_free_port
from demo.progress import Progress


class Output(io.StringIO):
    """A terminal, or a file."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    @override
    def isatty(self) -> bool:
        return self._is_terminal


async def text_of(*, is_terminal: bool) -> str:
    """Return what a step prints that lasts for many signs of life."""
    output = Output(is_terminal=is_terminal)
    async with Progress(output, every_s=0.01).step("Importing") as step:
        step.share, step.status = 0.5, "10 of 20 days"
        await asyncio.sleep(0.2)
        step.share, step.status = 1, "20 days"
    return output.getvalue()


async def test_a_file_gets_a_line_at_the_beginning_every_few_seconds_and_at_the_end() -> None:
    first, *signs, last = (await text_of(is_terminal=False)).splitlines()
    assert first.endswith("Importing …")
    assert len(signs) > 2
    assert all(sign.endswith("Importing … [############............] 10 of 20 days") for sign in signs)
    assert re.fullmatch(r" +\d+\.\d s  Importing: 20 days \(\d+\.\d s\)", last)


async def test_a_terminal_shows_one_line_that_changes() -> None:
    text = await text_of(is_terminal=True)
    assert text.count("\n") == 1
    assert text.count("\r") > 3
    assert text.endswith("s)\n")


async def test_a_step_that_fails_says_how_far_it_came() -> None:
    output = Output(is_terminal=False)

    async def fail() -> None:
        async with Progress(output).step("Starting") as step:
            step.status = "nothing answers"
            raise DemoError("Waited in vain")

    with pytest.raises(DemoError):
        await fail()
    assert output.getvalue().splitlines()[-1].endswith("Starting … 0 s nothing answers")


async def test_a_quiet_run_prints_nothing() -> None:
    output = Output(is_terminal=True)
    async with Progress(output, is_quiet=True).step("Starting"):
        pass
    assert not output.getvalue()


def test_a_port_in_use_is_passed_over_or_named(socket_enabled: None) -> None:  # noqa: ARG001
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert next_free_port(port) > port
        with pytest.raises(DemoError, match=f"Port {port} cannot be used"):
            check_port(port)
