"""A server that sends any bytes, for responses that no proper HTTP server produces."""

import asyncio
from dataclasses import dataclass, field
from typing import Self

GOOD = b'{"code": 0, "data": {"today": "1", "month": "1", "year": "1", "lifetime": "1"}}'


@dataclass
class RawServer:
    """Answers every request with `head` and `chunk`, over and over when `endless`; records the requests."""

    status: int = 200
    head: bytes = b""
    chunk: bytes = GOOD
    endless: bool = False
    requests: list[bytes] = field(default_factory=list)
    sent: int = 0
    url: str = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = "http://127.0.0.1:{1}".format(*self._server.sockets[0].getsockname())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        try:
            writer.write(b"HTTP/1.1 %d Any\r\n" % self.status + self.head + b"\r\n")
            while True:
                writer.write(self.chunk)
                await writer.drain()
                self.sent += len(self.chunk)
                if not self.endless:
                    break
        except ConnectionError:
            return
        finally:
            writer.close()


def header(request: bytes, name: str) -> str:
    """Return a header of a recorded request by its name in lower case."""
    lines = request.decode().split("\r\n")[1:]
    return next(line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{name}:"))
