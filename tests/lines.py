"""A client that takes little of the processor: what is measured beside it is the server."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit


class Line:
    """One connection to a test's server, kept open; JSON goes out and comes back."""

    def __init__(self, address: str, token: str) -> None:
        place = urlsplit(address)
        self.host, self.port = place.hostname, place.port
        self.head = f"Host: {place.netloc}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Return the status and the body of the answer; raises `ConnectionError` where the server goes away."""
        sent = json.dumps(body)
        request = f"POST {path} HTTP/1.1\r\n{self.head}Content-Length: {len(sent)}\r\n\r\n{sent}"
        try:
            self._streams = self._streams or await asyncio.open_connection(self.host, self.port)
            reader, writer = self._streams
            writer.write(request.encode("ascii"))
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:-2])
            content = await reader.readexactly(int(fields["content-length"]))
            if fields.get("connection") == "close":
                self.close()
        except (OSError, EOFError) as error:
            self.close()
            raise ConnectionError(repr(error)) from error
        return int(head[9:12]), json.loads(content)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
