"""Database servers for one test: on loopback, with data in a folder of their own, stopped at the end."""
# ruff: noqa: S603

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
import getpass
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

from tests.paths import ROOT

UNPACKED = ROOT / ".mariadb"
"""Where `scripts/test --all` unpacks MariaDB."""
START_S = 60


class NotInstalledError(Exception):
    """A program or a driver that the server needs is missing."""


@contextmanager
def postgresql() -> Iterator[str]:
    """Start PostgreSQL; yields the database's address. Raises NotInstalledError."""
    if find_spec("psycopg2") is None:
        raise NotInstalledError("psycopg2")
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    programs = [_found(name, folders) for name in ("initdb", "postgres", "createdb")]
    who = _other_user("postgres", "nobody")
    with _folder(who) as path:
        how = {"cwd": path, **who}
        _run(programs[0], "-D", f"{path}/db", "-U", "ha", "-A", "trust", "-E", "UTF8", **how)
        with _server([programs[1], "-D", f"{path}/db", "-k", str(path), "-h", ""], path / ".s.PGSQL.5432", **how):
            for _ in range(START_S):
                if subprocess.run([programs[2], "-h", str(path), "-U", "ha", "ha"], check=False, **how).returncode == 0:
                    break
                time.sleep(1)
            yield f"postgresql://ha@/ha?host={path}"


@contextmanager
def mariadb() -> Iterator[str]:
    """Start MariaDB; yields the database's address. Raises NotInstalledError."""
    if find_spec("pymysql") is None:  # the oldest Home Assistant is tested without it
        raise NotInstalledError("pymysql")
    folders = [UNPACKED / "usr/bin", UNPACKED / "usr/sbin", Path("/usr/sbin")]
    install, daemon = (_found(name, folders) for name in ("mariadb-install-db", "mariadbd"))
    libraries = ":".join(str(folder) for folder in UNPACKED.glob("usr/lib/*-linux-gnu"))
    with _folder({}) as path:
        how = {"cwd": path, "env": os.environ | {"LD_LIBRARY_PATH": libraries}}
        base = f"--basedir={Path(daemon).parents[1]}"
        common = ["--no-defaults", base, f"--datadir={path}/db", f"--user={getpass.getuser()}"]
        _run(install, *common, "--auth-root-authentication-method=normal", "--skip-test-db", **how)
        (path / "init.sql").write_text(
            "CREATE DATABASE ha CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\n"
            "GRANT ALL ON ha.* TO ha@127.0.0.1 IDENTIFIED BY 'ha';\n"
        )
        with closing(sockets.create_server(("127.0.0.1", 0))) as probe:
            port = probe.getsockname()[1]
        socket = path / "socket"
        options = [f"--init-file={path}/init.sql", f"--socket={socket}", "--bind-address=127.0.0.1", f"--port={port}"]
        with _server([daemon, *common, *options], socket, **how):
            yield f"mysql+pymysql://ha:ha@127.0.0.1:{port}/ha?charset=utf8mb4"


def _found(program: str, folders: Sequence[Path]) -> str:
    """Return the path of a program in one of the folders, else on the PATH."""
    places = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    if (where := shutil.which(program, path=places)) is None:
        raise NotInstalledError(program)
    return where


def _other_user(*names: str) -> dict[str, Any]:
    """Return the arguments that run a server as another user when this one is root, which PostgreSQL refuses."""
    if os.getuid() != 0:
        return {}
    known = {user.pw_name for user in pwd.getpwall()}
    name = next(name for name in names if name in known)
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


@contextmanager
def _folder(who: dict[str, Any]) -> Iterator[Path]:
    """Yield a folder for a server; its path is short enough for a socket."""
    path = Path(tempfile.mkdtemp(prefix="ha"))
    if who:
        shutil.chown(path, who["user"], who["group"])
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _run(*command: str, **how: Any) -> None:  # noqa: ANN401
    """Run a command; its output is shown when it fails."""
    result = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
    assert result.returncode == 0, result.stdout


@contextmanager
def _server(command: Sequence[str], socket: Path, **how: Any) -> Iterator[None]:  # noqa: ANN401
    """Start a server, wait for its socket, and stop it at the end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
    try:
        end = time.monotonic() + START_S
        while not socket.exists():
            assert process.poll() is None, f"{command[0]} ended"
            assert time.monotonic() < end, f"{command[0]} did not start"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(START_S)
