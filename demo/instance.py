"""A real Home Assistant with a configuration folder of its own, as a process on loopback."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import json
from pathlib import Path
import shutil
from typing import Self

import aiohttp

from .client import Client, Home, User
from .connection import RequestRefusedError
from .log import Record, problems
from .polling import DemoError, until
from .process import Process, check_port, empty_file, free_port

CHECKOUT = Path(__file__).parent.parent
INTEGRATION = CHECKOUT / "custom_components" / "apsystems_openapi"
QUICK_CALLS = CHECKOUT / "demo" / "quick_calls"
PYTHON = CHECKOUT / ".venv-demo" / "bin" / "python"

# Not default_config: it searches the network for devices, and needs the internet.
_CONFIGURATION = """\
config:
energy:
frontend:
history:
logbook:
my:
recorder:
  commit_interval: 1
sun:
logger:
  default: warning
  logs:
    custom_components.apsystems_openapi: debug
"""

# Marks the step core_config as done: it would set up integrations for weather, radio and speech, which need the
# internet. The place of the home, which is the rest of this step, is set by a command.
_ONBOARDING = {"version": 4, "minor_version": 1, "key": "onboarding", "data": {"done": ["core_config"]}}


class Instance:
    """One Home Assistant: its configuration folder, its process, and a client that is signed in.

    Made by `open_instance`. `folder` may contain the state of an earlier run, which is then continued.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        folder: Path,
        port: int,
        components: Sequence[Path],
    ) -> None:
        self.folder = folder.absolute()
        self._components = components
        self.output = empty_file(self.folder / "console.log")
        self._process: Process | None = None
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.client = Client(session, self.url)
        self.user = User()

    async def start(self) -> Self:
        """Write the configuration and start the process."""
        if not PYTHON.exists():
            raise DemoError("The environment for Home Assistant is missing: run scripts/setup demo")
        check_port(self.port)
        self._write_configuration()
        python = (PYTHON, "-W", "default::DeprecationWarning")
        command = (*python, "-m", "homeassistant", "--config", self.folder, "--log-no-color")
        self._process = await Process.start("Home Assistant", command, cwd=self.folder, output=self.output)
        return self

    async def until_it_answers(self) -> None:
        """Wait until it serves its pages."""
        await until(self._answers, "Home Assistant to answer", timeout_s=300)

    async def sign_in(self, home: Home) -> None:
        """Complete the onboarding, or log in if an earlier run has done so, as soon as it answers; wait until it runs.

        Pages show times in the home's time zone, wherever the browser is.
        """
        await self.until_it_answers()
        if await self._is_new():
            await self.client.onboard(self.user, home)
        else:
            await self.client.log_in(self.user.username, self.user.password)
            await self.client.configure_core(home)
        await self.client.show_times_of_home()
        await until(self._runs, "Home Assistant to be running", timeout_s=300)

    async def restart(self) -> None:
        """Stop the process and start it again with the same folder; the access token stays valid."""
        await self.stop()
        await self.start()
        await self.until_it_answers()
        await until(self._runs, "Home Assistant to be running", timeout_s=300)

    async def stop(self) -> None:
        """Stop the process, if it runs, and wait until it has ended."""
        await self.client.close()
        process, self._process = self._process, None
        if process is not None:
            await process.stop()

    @property
    def log_lines(self) -> list[str]:
        """The console output of this folder's processes since it was opened."""
        return self.output.read_text(errors="replace").splitlines()

    def problems(self) -> list[Record]:
        """Return the warnings and errors in the log that name this integration."""
        return problems(self.log_lines)

    def _write_configuration(self) -> None:
        storage = self.folder / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        added = "".join(f"{component.name}:\n" for component in self._components if component != INTEGRATION)
        (self.folder / "configuration.yaml").write_text(_CONFIGURATION + added)
        (storage / "http").write_text(json.dumps(_http_storage(self.port)))
        if not (storage / "onboarding").exists():
            (storage / "onboarding").write_text(json.dumps(_ONBOARDING))
        for component in self._components:
            target = self.folder / "custom_components" / component.name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(component, target, ignore=shutil.ignore_patterns("__pycache__"))

    async def _answers(self) -> bool:
        self._check()
        try:
            await self.client.rest("GET", "/manifest.json")
        except aiohttp.ClientError, RequestRefusedError:
            return False
        return True

    async def _is_new(self) -> bool:
        """Return whether there is no user yet. The frontend answers, so onboarding exists unless it was completed."""
        try:
            await self.client.rest("GET", "/api/onboarding")
        except RequestRefusedError:
            return False
        return True

    async def _runs(self) -> bool:
        self._check()
        config = await self.client.rest("GET", "/api/config")
        return bool(config["state"] == "RUNNING")

    def _check(self) -> None:
        if self._process is not None:
            self._process.check()


@asynccontextmanager
async def open_instance(
    folder: Path,
    *,
    port: int | None = None,
    components: Sequence[Path] = (INTEGRATION,),
) -> AsyncIterator[Instance]:
    """Start a Home Assistant in `folder`, and stop it in the end, whatever happens.

    `components` are copied into its configuration; all but the integration are named there, so that they are set up.
    Wait for it by `sign_in`. Raises DemoError when `port` is in use.
    """
    async with aiohttp.ClientSession() as session:
        instance = Instance(session, folder, port or free_port(), components)
        try:
            yield await instance.start()
        finally:
            await instance.stop()


def _http_storage(port: int) -> dict[str, object]:
    """Return the stored settings of Home Assistant's HTTP server.

    Written before the first start: Home Assistant tries `http:` in YAML and undoes it after five minutes.
    """
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    data = {"stable": stable, "pending": None, "yaml_migration_done": True}
    return {"version": 2, "minor_version": 2, "key": "http", "data": data}
