"""Answers as they are sent: whole, late, in half or not at all."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
import json

from aiohttp import web

from .faults import HUGE, MADE_UP, PAGE, Fault, FaultKind, made_up
from .wire import Json


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An answer before it is sent."""

    code: int | None = None
    """Response code; None when the body is `text`."""
    data: Json = None
    text: str | None = None
    """Body instead of code and data; None: code and data."""
    status: int | None = HTTPStatus.OK.value
    """HTTP status; None: no answer is sent."""

    @property
    def body(self) -> str:
        """The body; an error has no data."""
        if self.text is not None:
            return self.text
        return json.dumps({"code": self.code} if self.code else {"data": self.data, "code": 0})


def page(status: int) -> Outcome:
    """Return a page of HTML, as from a proxy."""
    return Outcome(status=status, text=PAGE)


def of_fault(fault: Fault, *, is_list: bool) -> Outcome | None:
    """Return the answer of a fault that does not depend on the request, or None.

    `is_list`: whether the right answer is a list.
    """
    match fault.kind:
        case kind if kind in MADE_UP:
            return Outcome(code=0, data=made_up(fault, is_list=is_list))
        case FaultKind.CODE:
            return Outcome(code=fault.code)
        case FaultKind.STATUS | FaultKind.REDIRECT:
            return page(fault.status if fault.kind is FaultKind.STATUS else HTTPStatus.FOUND)
        case FaultKind.TIMEOUT | FaultKind.RESET:
            return Outcome(status=None)
        case FaultKind.NOT_JSON | FaultKind.BODY | FaultKind.HUGE:
            texts = {FaultKind.NOT_JSON: PAGE, FaultKind.BODY: fault.body, FaultKind.HUGE: HUGE}
            return Outcome(text=texts[fault.kind])
        case _:
            return None


async def deliver(
    request: web.Request, outcome: Outcome, fault: Fault | None, *, content_type: str, stopping: asyncio.Event
) -> web.StreamResponse:
    """Send an outcome as the fault says; waits end at the latest when `stopping` is set."""
    body = outcome.body.encode()
    match fault:
        case Fault(kind=FaultKind.TIMEOUT):
            await stopping.wait()
            return _close(request)
        case Fault(kind=FaultKind.RESET):
            return _close(request)
        case Fault(kind=FaultKind.HALF_BODY):
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            return _close(request, head.encode() + body[: len(body) // 2])
        case Fault(kind=FaultKind.REDIRECT):
            return web.Response(status=HTTPStatus.FOUND, headers={"Location": fault.location})
        case Fault(kind=FaultKind.SLOW):
            await _pause(fault.delay_s, stopping)
    if outcome.text == PAGE:
        content_type = "text/html"
    return web.Response(status=outcome.status or HTTPStatus.OK, body=body, headers={"Content-Type": content_type})


async def _pause(delay_s: float, stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(delay_s):
            await stopping.wait()
    except TimeoutError:
        return


def _close(request: web.Request, last_bytes: bytes = b"") -> web.StreamResponse:
    """End the connection: in order after the last bytes, abruptly without any."""
    if request.transport is not None and last_bytes:
        request.transport.write(last_bytes)
        request.transport.close()
    elif request.transport is not None:
        request.transport.abort()
    return web.Response()
