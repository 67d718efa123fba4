"""The stand-in for the cloud as a process, and what it says is true."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import sys
from typing import Any

import aiohttp

from .client import Home
from .polling import until
from .process import Process, empty_file

_CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A running simulator: its address, the credentials that it takes, and where its plant stands.

    Made by `open_cloud`.
    """

    url: str
    app_id: str
    app_secret: str
    sid: str
    latitude: float
    longitude: float
    timezone: str
    process: Process
    session: aiohttp.ClientSession

    @property
    def credentials(self) -> dict[str, str]:
        """The fields of the config flow that have no default, and the address."""
        return {
            "app_id": self.app_id,
            "app_secret": self.app_secret,
            "sid": self.sid,
            "base_url": self.url,
        }

    @property
    def home(self) -> Home:
        """A home on the same spot as the plant."""
        return Home(self.latitude, self.longitude, self.timezone)

    async def truth(self) -> dict[str, Any]:
        """Tell what is true of the plant, as far as its ECUs have uploaded it."""
        systems: dict[str, dict[str, Any]] = (await self._control("truth"))["systems"]
        return systems[self.sid]

    async def calls(self) -> list[dict[str, Any]]:
        """List the calls that it was asked, in order."""
        return list((await self._control("calls"))["calls"])

    async def stop(self) -> None:
        """Take the cloud down."""
        await self.process.stop()

    async def _control(self, name: str) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/_simulator/{name}") as response:
            answer: dict[str, Any] = await response.json()
        return answer


@asynccontextmanager
async def open_cloud(folder: Path, arguments: Sequence[str] = ()) -> AsyncIterator[Cloud]:
    """Run the simulator with `arguments` (`python -m simulator --help`), its output in `folder`."""
    output = empty_file(folder / "cloud.log")
    command = (sys.executable, "-m", "simulator", *arguments)
    process = await Process.start("The simulator", command, cwd=_CHECKOUT, output=output)

    async def ready() -> str | None:
        process.check()
        return next((line for line in process.lines if line.startswith("{") and line.endswith("}")), None)

    try:
        told = json.loads(await until(ready, "the simulator to be ready", timeout_s=120))
        told.pop("now")
        async with aiohttp.ClientSession() as session:
            yield Cloud(**told, process=process, session=session)
    finally:
        await process.stop()


def by_kind(calls: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Count calls by kind and level, the most frequent first."""
    return dict(Counter(" ".join(filter(None, (call["kind"], call["level"]))) for call in calls).most_common())
