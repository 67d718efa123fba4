"""The package is a library of its own: it can be copied into another project."""
# ruff: noqa: D103 -- test names say what they check

import asyncio
from pathlib import Path
import shutil
import sys

import pytest

from custom_components.apsystems_openapi import cloud

PROGRAM = """
import asyncio, sys
import aiohttp
import some_library as library

signature = library.sign(
    "0123456789abcdef0123456789abcdef", "s3cr3tS3cr3t", "/user/api/v2/systems/details/AZ12649A3DFF",
    "1751284800000", "5e36eab8295911ee90751eff13c2920b",
)
assert signature == "TR4H5iTsS5F/vUYrVxXcn/UO3XiJCli/CpgsPpfsi/U=", signature

async def fetch():
    async with aiohttp.ClientSession() as session:
        client = library.OpenApiClient(session, "http://127.0.0.1:1", "app", "secret", "AB12345C6D7E")
        try:
            await client.summary()
        except library.OpenApiConnectionError as error:
            print("no connection:", error.code)

asyncio.run(fetch())
foreign = {name.partition(".")[0] for name in sys.modules} & {"homeassistant", "custom_components", "astral"}
assert not foreign, foreign
"""


@pytest.mark.usefixtures("socket_enabled")
async def test_a_copy_under_another_name_works_without_home_assistant(tmp_path: Path) -> None:
    folder = Path(str(cloud.__file__)).parent
    shutil.copytree(folder, tmp_path / "some_library", ignore=shutil.ignore_patterns("__pycache__"))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert (process.returncode, output.decode()) == (0, "no connection: None\n")


def test_every_public_name_is_exported_once_and_exists() -> None:
    assert sorted(set(cloud.__all__)) == sorted(cloud.__all__)
    assert all(hasattr(cloud, name) for name in cloud.__all__)


def test_every_exception_is_exported() -> None:
    assert {error.__name__ for error in cloud.OpenApiError.__subclasses__()} < set(cloud.__all__)
