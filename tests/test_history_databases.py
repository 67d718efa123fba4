"""Statistics on PostgreSQL and MariaDB, which the tests start; skipped with a reason where one is not installed."""
# ruff: noqa: D103, S603

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from importlib.util import find_spec
import os
from pathlib import Path
import pwd
import shutil
import socket as sockets
import subprocess
import tempfile
import time
from typing import Any

from homeassistant.components.recorder.core import Recorder
import pytest

from simulator import Plant, sample_plant
from tests.harness import House
from tests.statistics import assert_days, assert_hours, assert_orderly, clear, days, rows, until_done

START_S = 60


def found(program: str) -> str:
    """Return the path of a database's program; skip the test without it."""
    folders = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    path = os.pathsep.join([*folders, "/usr/sbin", os.environ.get("PATH", "")])
    if (where := shutil.which(program, path=path)) is None:
        pytest.skip(f"{program} is not installed")
    return where


def driver(module: str) -> None:
    """Skip the test without a database's Python driver."""
    if find_spec(module) is None:
        pytest.skip(f"the driver {module} is not installed")


def user_of_server(*names: str) -> dict[str, Any]:
    """Return the arguments that run a server as another user: no database server runs as root."""
    if os.getuid() != 0:
        return {}
    known = {user.pw_name for user in pwd.getpwall()}
    name = next((name for name in names if name in known), None)
    if name is None:
        pytest.skip(f"neither {' nor '.join(names)} is a user here")
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


@contextmanager
def folder(who: dict[str, Any]) -> Iterator[Path]:
    """Yield a folder for a server; its path is short enough for a socket."""
    path = Path(tempfile.mkdtemp(prefix="ha"))
    if who:
        shutil.chown(path, who["user"], who["group"])
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def server(*command: str, socket: Path, **how: Any) -> Iterator[None]:  # noqa: ANN401
    """Start a server, wait for its socket, and stop it at the end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
    try:
        end = time.monotonic() + START_S
        while not socket.exists():
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"{command[0]} did not start")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(START_S)


@contextmanager
def postgresql() -> Iterator[str]:
    """Start PostgreSQL; yields the database's address."""
    driver("psycopg2")
    programs = [found(name) for name in ("initdb", "postgres", "createdb")]
    who = user_of_server("postgres", "nobody")
    with folder(who) as path:
        how = {"cwd": path, **who}
        subprocess.run(
            [programs[0], "-D", f"{path}/db", "-U", "ha", "-A", "trust", "-E", "UTF8"],
            check=True,
            stdout=subprocess.DEVNULL,
            **how,
        )
        socket = path / ".s.PGSQL.5432"
        with server(programs[1], "-D", f"{path}/db", "-k", str(path), "-h", "", socket=socket, **how):
            for _ in range(START_S):
                if subprocess.run([programs[2], "-h", str(path), "-U", "ha", "ha"], check=False, **how).returncode == 0:
                    break
                time.sleep(1)
            yield f"postgresql://ha@/ha?host={path}"


@contextmanager
def mariadb() -> Iterator[str]:
    """Start MariaDB; yields the database's address."""
    driver("pymysql")
    install, daemon, client = (found(name) for name in ("mariadb-install-db", "mariadbd", "mariadb"))
    who = user_of_server("mysql", "nobody")
    with folder(who) as path:
        how = {"cwd": path, **who}
        data, socket = f"--datadir={path}/db", path / "sock"
        subprocess.run(
            [install, "--no-defaults", data, "--auth-root-authentication-method=normal"],
            check=True,
            stdout=subprocess.DEVNULL,
            **how,
        )
        with closing(sockets.create_server(("127.0.0.1", 0))) as probe:
            port = probe.getsockname()[1]
        options = [data, f"--socket={socket}", f"--pid-file={path}/pid", "--bind-address=127.0.0.1", f"--port={port}"]
        with server(daemon, "--no-defaults", *options, socket=socket, **how):
            create = (
                "CREATE DATABASE ha CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;"
                "GRANT ALL ON ha.* TO ha@127.0.0.1 IDENTIFIED BY 'ha'"
            )
            subprocess.run([client, "--no-defaults", f"--socket={socket}", "-u", "root", "-e", create], check=True)
            yield f"mysql+pymysql://ha:ha@127.0.0.1:{port}/ha?charset=utf8mb4"


DATABASES = {"PostgreSQL": postgresql, "MariaDB": mariadb}


@pytest.fixture(params=DATABASES)
def recorder_config(request: pytest.FixtureRequest, socket_enabled: None) -> Iterator[dict[str, Any]]:  # noqa: ARG001
    """Let the recorder write to a server."""
    with DATABASES[request.param]() as url:
        yield {"db_url": url, "commit_interval": 0}


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days."""
    return sample_plant(create_date=date(2026, 5, 25))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a Home Assistant with a recorder."""
    house.cloud.quota = 3000
    return house


async def test_rows_on_a_database_server_are_those_of_the_cloud(recorder_mock: Recorder, house: House) -> None:
    assert recorder_mock.dialect_name in {"postgresql", "mysql"}
    await house.set_up(auto_scan_interval=True, monthly_quota=3000)
    await until_done(house, step=timedelta(minutes=20))
    await house.pass_time("2026-06-17 10:00", timedelta(minutes=20))
    past = days(date(2026, 5, 25), date(2026, 6, 16))
    stored = await rows(house)
    assert_orderly(stored)
    await assert_days(house, past)
    for day in past:
        await assert_hours(house, day)
    await clear(house)
    await house.pass_time("2026-06-17 18:00", timedelta(minutes=20))
    again = await rows(house)
    assert_orderly(again)
    await assert_days(house, past)
