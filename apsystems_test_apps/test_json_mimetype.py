#!/usr/bin/env python3
"""Test that an answer of the cloud is read under any content type, and that anything else is refused.

Needs aiohttp (pip install aiohttp), but no credentials and no network: a server on this machine sends the same
answer under different content types. Tested are `parse_answer` of apsystems_testcreds.py (Python 3.9 or newer) and
the client of the integration (Python 3.14 or newer; Home Assistant is not needed).

    python3 apsystems_test_apps/test_json_mimetype.py
"""

# ruff: noqa: PT009, PT027 - runs without pytest

import asyncio
from collections.abc import AsyncIterator
import contextlib
import importlib
import json
from pathlib import Path
import sys
import types
from typing import Optional
import unittest

import aiohttp

HERE = Path(__file__).resolve().parent
INTEGRATION = HERE.parent / "custom_components" / "apsystems_openapi"

SUMMARY = {"today": "22.97", "month": "254.37", "year": "1827.08", "lifetime": "5582.17"}
ANSWER = json.dumps({"code": 0, "data": SUMMARY}).encode()
CONTENT_TYPES = [
    "application/json",
    "application/json;charset=UTF-8",
    "application/octet-stream",
    "text/plain",
    "text/html; charset=utf-8",
    "image/png",
    "this is no content type",
    "",
    None,
]
NOT_ANSWERS = {
    "a login page": b"<!doctype html><title>Sign in</title>",
    "nothing": b"",
    "half an answer": ANSWER[:-9],
    "a bare text": b'"fine"',
    "a list": b"[0]",
    "no code": b'{"data": {}}',
    "a code that is no number": b'{"code": "fine"}',
    "bytes": bytes(range(128, 256)),
}


@contextlib.asynccontextmanager
async def server(body: bytes, content_type: Optional[str]) -> AsyncIterator[str]:
    """Serve `body` for every request and yield the base URL; None sends no Content-Type."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        header = "" if content_type is None else f"Content-Type: {content_type}\r\n"
        head = f"HTTP/1.1 200 OK\r\n{header}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def module(folder: Path, name: str) -> types.ModuleType:
    """Import a module or a package from a folder."""
    sys.path.append(str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop()


@unittest.skipUnless((HERE / "apsystems_testcreds.py").is_file(), "apsystems_testcreds.py is not in this folder")
class CredentialTest(unittest.IsolatedAsyncioTestCase):
    """Tests of apsystems_testcreds.py."""

    @classmethod
    def setUpClass(cls) -> None:
        """Import the program."""
        cls.program = module(HERE, "apsystems_testcreds")

    async def test_json_is_read_under_any_content_type(self) -> None:
        """The content type is ignored."""
        for content_type in CONTENT_TYPES:
            with self.subTest(content_type=content_type):
                async with server(ANSWER, content_type) as url, aiohttp.request("GET", url) as response:
                    answer = self.program.parse_answer(await response.read())
                self.assertEqual(answer, {"code": 0, "data": SUMMARY})

    async def test_anything_else_is_refused(self) -> None:
        """Also when its content type is JSON."""
        for name, body in NOT_ANSWERS.items():
            with self.subTest(name), self.assertRaisesRegex(self.program.CallError, "not an answer of the OpenAPI"):
                self.program.parse_answer(body)


@unittest.skipUnless(INTEGRATION.is_dir(), "the integration is not in the folder next to this one")
@unittest.skipUnless(sys.version_info >= (3, 14), "the integration needs Python 3.14")
class IntegrationTest(unittest.IsolatedAsyncioTestCase):
    """Tests of the client of the integration."""

    @classmethod
    def setUpClass(cls) -> None:
        """Import the client."""
        cls.cloud = module(INTEGRATION, "cloud")

    async def summary(self, body: bytes, content_type: Optional[str]) -> object:
        """Fetch a summary that is answered with `body`."""
        async with server(body, content_type) as url, aiohttp.ClientSession() as session:
            return await self.cloud.OpenApiClient(session, url, "app", "secret", "SID").summary()

    async def test_json_is_read_under_any_content_type(self) -> None:
        """The content type is ignored."""
        for content_type in CONTENT_TYPES:
            with self.subTest(content_type=content_type):
                totals = await self.summary(ANSWER, content_type)
                self.assertEqual((totals.today, totals.lifetime), (22.97, 5582.17))

    async def test_anything_else_is_refused(self) -> None:
        """With an exception of its own, also when its content type is JSON."""
        for name, body in NOT_ANSWERS.items():
            for content_type in ("application/json", "text/html"):
                with self.subTest(name, content_type=content_type), self.assertRaises(self.cloud.OpenApiError):
                    await self.summary(body, content_type)


if __name__ == "__main__":
    unittest.main()
