"""Sends one request by aiohttp and reads the reply within bounds. Imported where a server is asked first."""

import io
import json
import math
import re
import ssl
import time
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

from backend.engines._event_stream import TYPE, EventStream
from backend.engines._http_reply import LARGEST_ERROR, LARGEST_REPLY, HttpReply, RetryRequest, bounds, too_large
from backend.errors import EngineError, MissingPrerequisite
from backend.values import JSON, FailureKind

CONNECT_SECONDS = 15.0
IDLE_SECONDS = 4.0
"""Connections are kept so long while nothing is asked: a second less than uvicorn, as vLLM runs it, keeps them."""
CLOSED = (
    aiohttp.ServerDisconnectedError,
    aiohttp.ClientPayloadError,
    aiohttp.ClientOSError,
    aiohttp.ClientConnectionResetError,
    aiohttp.ClientResponseError,
)
USER_INFO = re.compile(r"(?<=://)[^\s/]*@")


class HttpClient:
    """The connections to one server. To be made and used in one event loop."""

    def __init__(self, url: str, *, key: str | None, connections: int, by_proxies: bool) -> None:
        self._proxy = proxy_of(url) if by_proxies else None
        # The certificates that httpx brings, or those the environment names; a system may have none of its own.
        trusted: ssl.SSLContext | bool = (
            httpx.create_ssl_context(trust_env=by_proxies) if url.startswith("https:") else True
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=IDLE_SECONDS, ssl=trusted),
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    async def close(self) -> None:
        await self._session.close()

    async def send(self, url: str, body: JSON | None, seconds: float, stream: EventStream | None = None) -> HttpReply:
        """Ask once, within so many seconds; without a body by GET. stream: what hears a reply in pieces, each of which
        may take so long.

        Raises `RetryRequest` where there is no whole reply, `PromptError` for one that is too large, and `EngineError`
        for a request that cannot be sent. No message or traceback holds the key or the password of a proxy.
        """
        headers = {} if body is None else {"Content-Type": "application/json"}
        until = time.monotonic() + seconds if stream is None else math.inf
        connect = min(seconds, CONNECT_SECONDS)
        timeout = (
            aiohttp.ClientTimeout(total=seconds, sock_connect=connect)
            if stream is None
            else aiohttp.ClientTimeout(sock_read=seconds, sock_connect=connect)
        )
        try:
            async with self._session.request(
                "GET" if body is None else "POST",
                url,
                data=None if body is None else io.BytesIO(json.dumps(body).encode()),
                headers=headers,
                timeout=timeout,
                # The key goes to the address that a person typed, and nowhere else.
                allow_redirects=False,
                proxy=self._proxy,
            ) as response:
                if stream is not None and response.status == 200 and response.content_type == TYPE:
                    await _hear(response, url, stream)
                    return HttpReply(200, response.headers, json.dumps(stream.reply).encode())
                return HttpReply(response.status, response.headers, await _read(response, url, until))
        except TimeoutError as error:
            raise RetryRequest(FailureKind.timeout, "") from error
        except ValueError as error:  # its text may be the key's or the proxy's; `aiohttp.InvalidURL` is one, too
            raise EngineError(
                f"{url} cannot be asked ({type(error).__name__}). Check the address, the key and the proxy that the "
                "environment names."
            ) from None
        except aiohttp.ClientHttpProxyError as error:
            reason = f"no connection (the proxy answered with status {error.status})"
            raise RetryRequest(FailureKind.error, reason) from None
        except aiohttp.ClientConnectorError as error:
            raise RetryRequest(FailureKind.error, _no_connection(error)) from None
        except CLOSED as error:
            reason = "the server closed the connection before its reply was whole"
            raise RetryRequest(FailureKind.server, f"{reason} ({type(error).__name__})") from None
        except aiohttp.ClientError as error:
            raise RetryRequest(FailureKind.server, _no_connection(error)) from None


def _no_connection(error: aiohttp.ClientError) -> str:
    return f"no connection ({type(error).__name__}: {USER_INFO.sub('', str(error))})"


async def _hear(response: aiohttp.ClientResponse, url: str, stream: EventStream) -> None:
    """Feed a reply in pieces; raises where it is too large, and where it ends before its end."""
    async for piece in response.content.iter_any():
        stream.feed(piece)
        if stream.num_bytes > LARGEST_REPLY:
            response.close()
            raise too_large(url, LARGEST_REPLY)
    stream.close()
    if not stream.is_over:
        raise RetryRequest(FailureKind.server, "the server closed the connection before its reply was whole")


async def _read(response: aiohttp.ClientResponse, url: str, until: float) -> bytes:
    """The body. One that trickles is cut off at the time limit, a huge one at its size."""
    most = bounds(response.status)
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        if len(content) > most:
            response.close()
            if most == LARGEST_ERROR:
                break
            raise too_large(url, most)
        if time.monotonic() > until:
            raise TimeoutError
    return bytes(content)


def proxy_of(url: str) -> str | None:
    """The proxy that the environment names for an address; None where it names none.

    Raises `MissingPrerequisite` for one that speaks no HTTP.
    """
    parts, named = urlsplit(url), getproxies()
    proxy = named.get(parts.scheme) or named.get("all")
    # The list names hosts, some with a port; an IPv6 address stands there without brackets as well.
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]) or proxy_bypass(parts.hostname or ""):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        scheme = proxy.partition("://")[0]
        raise MissingPrerequisite(
            f"The environment names a {scheme} proxy for {parts.netloc}, and requests go through HTTP proxies only. "
            f"Name one in {parts.scheme.upper()}_PROXY, or list the host in NO_PROXY."
        )
    return proxy
