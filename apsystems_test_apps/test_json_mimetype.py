#!/usr/bin/env python3
"""Show that an answer of the cloud is read by its bytes, whatever content type it is sent under.

Needs aiohttp (pip install aiohttp), no credentials and no network: a server on this machine's loopback sends
one answer under all the labels. It is put to `parse_answer` of apsystems_testcreds.py (Python 3.9 or newer),
and to the integration's own client (Python 3.14 or newer; Home Assistant itself is not needed).

    python3 apsystems_test_apps/test_json_mimetype.py
"""

# ruff: noqa: PT009, PT027 - runs where there is no pytest

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
LABELS = [
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
NOT_OURS = {
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
async def server(body: bytes, label: Optional[str]) -> AsyncIterator[str]:
    """Answer every request with `body`, without a Content-Type when `label` is None. Yields the base URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        content_type = "" if label is None else f"Content-Type: {label}\r\n"
        head = f"HTTP/1.1 200 OK\r\n{content_type}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def integration() -> types.ModuleType:
    """Import the integration's client under a bare parent package, so that its `__init__` does not run."""
    package = types.ModuleType("integration")
    package.__path__ = [str(INTEGRATION)]
    sys.modules["integration"] = package
    return importlib.import_module("integration.api")


@unittest.skipUnless((HERE / "apsystems_testcreds.py").is_file(), "needs its neighbour")
class CredentialTest(unittest.IsolatedAsyncioTestCase):
    """What apsystems_testcreds.py makes of an answer."""

    def setUp(self) -> None:
        """Import the program."""
        sys.path.insert(0, str(HERE))
        self.addCleanup(sys.path.remove, str(HERE))
        self.program = importlib.import_module("apsystems_testcreds")

    async def test_reads_json_under_any_label(self) -> None:
        """The label does not count."""
        for label in LABELS:
            with self.subTest(content_type=label):
                async with server(ANSWER, label) as url, aiohttp.request("GET", url) as response:
                    answer = self.program.parse_answer(await response.read())
                self.assertEqual(answer, {"code": 0, "data": SUMMARY})

    async def test_refuses_what_is_not_the_clouds(self) -> None:
        """Even when it is labelled as JSON."""
        for name, body in NOT_OURS.items():
            with self.subTest(name), self.assertRaisesRegex(self.program.CallError, "is not that of"):
                self.program.parse_answer(body)


@unittest.skipUnless(INTEGRATION.is_dir(), "the integration is not beside this folder")
@unittest.skipUnless(sys.version_info >= (3, 14), "the integration needs Python 3.14")
class IntegrationTest(unittest.IsolatedAsyncioTestCase):
    """What the integration's client makes of an answer."""

    @classmethod
    def setUpClass(cls) -> None:
        """Import the client."""
        cls.api = integration()

    async def summary(self, body: bytes, label: Optional[str]) -> object:
        """Ask for a summary, and get `body` for an answer."""
        async with server(body, label) as url, aiohttp.ClientSession() as session:
            return await self.api.OpenApiClient(session, url, "app", "secret", "SID").summary()

    async def test_reads_json_under_any_label(self) -> None:
        """The label does not count."""
        for label in LABELS:
            with self.subTest(content_type=label):
                totals = await self.summary(ANSWER, label)
                self.assertEqual((totals.today, totals.lifetime), (22.97, 5582.17))

    async def test_refuses_what_is_not_the_clouds(self) -> None:
        """With an error of its own, even when it is labelled as JSON."""
        for name, body in NOT_OURS.items():
            for label in ("application/json", "text/html"):
                with self.subTest(name, content_type=label), self.assertRaises(self.api.OpenApiError):
                    await self.summary(body, label)


if __name__ == "__main__":
    unittest.main()
