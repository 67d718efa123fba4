"""Home Assistant's HTTP and WebSocket interfaces, signed in as one user."""

import asyncio
from collections.abc import Mapping
import contextlib
from typing import Any

import aiohttp

from .polling import DemoError

_TIMEOUT_S = 300  # a service that asks for every inverter of a big plant takes minutes

# The result of a JSON parser; the caller knows its shape.
type Parsed = Any


class RequestRefusedError(DemoError):
    """Home Assistant answered a request with an error; `status` is its HTTP status, or 0 over WebSocket."""

    def __init__(self, request: str, status: int, answer: object) -> None:
        super().__init__(f"{request}: {status or 'error'} {answer}")
        self.status = status
        self.answer = answer


class Connection:
    """Requests to one Home Assistant; they carry the access token once there is one.

    `base_url` has no trailing slash. With one, it is the OAuth client id that onboarding and login need.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._socket_in_use = asyncio.Lock()
        self._last_id = 0
        self.base_url = base_url
        self.client_id = f"{base_url}/"
        self.tokens: Mapping[str, Parsed] = {}

    async def rest(
        self,
        method: str,
        path: str,
        json: object | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Parsed:
        """Return the parsed answer to one HTTP request. Raises RequestRefusedError from status 400 upwards."""
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"} if self.tokens else {}
        url = self.base_url + path
        async with self._session.request(method, url, json=json, data=form, headers=headers) as response:
            if response.status >= 400:
                raise RequestRefusedError(f"{method} {path}", response.status, await response.text())
            return await response.json() if response.content_type == "application/json" else await response.text()

    async def ws(self, command: str, **fields: object) -> Parsed:
        """Return the result of one WebSocket command. Raises RequestRefusedError."""
        async with self._socket_in_use:
            socket = await self._open_socket()
            self._last_id += 1
            await socket.send_json({"id": self._last_id, "type": command, **fields})
            while (answer := await _receive(socket)).get("id") != self._last_id:
                pass
        if not answer["success"]:
            raise RequestRefusedError(command, 0, answer["error"])
        return answer["result"]

    async def take_code(self, code: str) -> None:
        """Exchange an authorization code for an access token, valid for 30 minutes, and a refresh token."""
        form = {"grant_type": "authorization_code", "code": code, "client_id": self.client_id}
        self.tokens = await self.rest("POST", "/auth/token", form=form)

    async def log_in(self, username: str, password: str) -> None:
        """Sign in as the login form does."""
        flow = await self.rest(
            "POST",
            "/auth/login_flow",
            {"client_id": self.client_id, "handler": ["homeassistant", None], "redirect_uri": self.client_id},
        )
        answer = await self.rest(
            "POST",
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": self.client_id, "username": username, "password": password},
        )
        await self.take_code(answer["result"])

    async def close(self) -> None:
        """Close the WebSocket; the next command opens another."""
        if self._socket is not None:
            with contextlib.suppress(aiohttp.ClientError):
                await self._socket.close()
            self._socket = None

    async def _open_socket(self) -> aiohttp.ClientWebSocketResponse:
        if self._socket is None or self._socket.closed:
            socket = await self._session.ws_connect(f"{self.base_url}/api/websocket", max_msg_size=0)
            await _receive(socket)
            await socket.send_json({"type": "auth", "access_token": self.tokens["access_token"]})
            answer = await _receive(socket)
            if answer["type"] != "auth_ok":
                raise RequestRefusedError("WebSocket login", 0, answer)
            self._socket = socket
            self._last_id = 0
        return self._socket


async def _receive(socket: aiohttp.ClientWebSocketResponse) -> Parsed:
    """Receive the next message. Raises DemoError after five minutes without one."""
    try:
        return await socket.receive_json(timeout=_TIMEOUT_S)
    except TimeoutError:
        raise DemoError(f"Home Assistant did not answer within {_TIMEOUT_S} s") from None
