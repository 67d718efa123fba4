"""The simulated cloud as a process, and the true figures of its plant."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
import json
from pathlib import Path
import sys
import time
from typing import Any

import aiohttp

from .client import Home
from .polling import until
from .process import Process, empty_file
from .progress import Progress

_CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A running simulator: its address, the credentials that it accepts, and the place of its plant.

    Made by `open_cloud`.
    """

    url: str
    app_id: str
    app_secret: str
    sid: str
    latitude: float
    """Of the plant, in degrees."""
    longitude: float
    """Of the plant, in degrees."""
    timezone: str
    """Of the plant, a name such as `Europe/Berlin`."""
    process: Process
    session: aiohttp.ClientSession

    @property
    def credentials(self) -> dict[str, str]:
        """Values for the config flow: the fields without a default, and the address."""
        return {
            "app_id": self.app_id,
            "app_secret": self.app_secret,
            "sid": self.sid,
            "base_url": self.url,
        }

    @property
    def home(self) -> Home:
        """A home at the same place as the plant."""
        return Home(self.latitude, self.longitude, self.timezone)

    async def truth(self, since: date | None = None) -> dict[str, Any]:
        """Return the true figures of the plant, as far as its ECUs have uploaded them; `past_kwh` begins with a day."""
        answer = await self._control(f"truth?since={since}" if since else "truth")
        truth: dict[str, Any] = answer["systems"][self.sid]
        return {**truth, "now": answer["now"]}

    async def calls(self) -> list[dict[str, Any]]:
        """List the calls that it has answered, in order."""
        return list((await self._control("calls"))["calls"])

    async def stop(self) -> None:
        """Stop the process."""
        await self.process.stop()

    async def _control(self, name: str) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/_simulator/{name}") as response:
            answer: dict[str, Any] = await response.json()
        return answer


@asynccontextmanager
async def open_cloud(
    folder: Path, arguments: Sequence[str] = (), progress: Progress | None = None
) -> AsyncIterator[Cloud]:
    """Run the simulator with `arguments` (see `scripts/simulator --help`); its output goes to `folder`."""
    output = empty_file(folder / "cloud.log")
    command = (sys.executable, "-m", "simulator", *arguments)
    process = await Process.start("The simulator", command, cwd=_CHECKOUT, output=output)

    async def ready() -> str | None:
        process.check()
        return next((line for line in process.lines if line.startswith("{") and line.endswith("}")), None)

    try:
        async with (progress or Progress(is_quiet=True)).step("Starting the simulated cloud") as step:
            description = json.loads(await until(ready, "the simulator to be ready", timeout_s=120))
            now = datetime.fromisoformat(description.pop("now"))
            step.status = f"{description['url']}, its plant in {description['timezone']}, where it is {now:%H:%M}"
        async with aiohttp.ClientSession() as session:
            yield Cloud(**description, process=process, session=session)
    finally:
        await process.stop()


class Silence:
    """Notices when no call is made any more: those of a round are two seconds apart."""

    _ENOUGH_S = 4

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._number = 0
        self._since = time.monotonic()

    def begin(self) -> None:
        """Wait for the whole time again."""
        self._since = time.monotonic()

    async def is_long_enough(self) -> bool:
        """Return whether no call has been made for some seconds."""
        if (number := len(await self._cloud.calls())) != self._number:
            self._number, self._since = number, time.monotonic()
        return time.monotonic() - self._since > self._ENOUGH_S


def by_kind(calls: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Count calls by kind and level, the most frequent first."""
    return dict(Counter(" ".join(filter(None, (call["kind"], call["level"]))) for call in calls).most_common())
