"""A child process whose output goes to a file."""

import asyncio
from collections.abc import Sequence
import contextlib
from pathlib import Path
import socket
from typing import Self

from .polling import DemoError


def free_port() -> int:
    """Find a free port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def next_free_port(first: int) -> int:
    """Return the first free port on loopback from `first` on. Raises DemoError when there is none."""
    for port in range(first, 65536):
        with contextlib.suppress(DemoError):
            check_port(port)
            return port
    raise DemoError(f"No port from {first} on is free")


def check_port(port: int) -> None:
    """Raise DemoError when a server on this machine uses a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoError(f"Port {port} cannot be used: {error.strerror}") from None


def empty_file(path: Path) -> Path:
    """Create an empty file, and its folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


class Process:
    """One running command.

    It runs in a session of its own: Ctrl-C reaches only the demo, which stops its processes in order.
    """

    def __init__(self, process: asyncio.subprocess.Process, name: str, output: Path) -> None:
        self._process = process
        self._name = name
        self._output = output

    @classmethod
    async def start(cls, name: str, command: Sequence[str | Path], *, cwd: Path, output: Path) -> Self:
        """Start `command`; its standard output and error are appended to the file `output`."""
        with output.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(process, name, output)

    @property
    def lines(self) -> list[str]:
        """All that it has written so far."""
        return self._output.read_text(errors="replace").splitlines()

    def check(self) -> None:
        """Raise DemoError with its last output when it has ended."""
        if self._process.returncode is not None:
            tail = "\n".join(self.lines[-30:])
            raise DemoError(f"{self._name} ended with exit code {self._process.returncode}:\n{tail}")

    async def stop(self, timeout_s: float = 60) -> None:
        """Terminate it; kill it and raise DemoError when it has not ended after `timeout_s`."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(timeout_s):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise DemoError(f"{self._name} did not stop within {timeout_s:g} s and was killed") from None
