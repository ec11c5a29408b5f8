"""Posts one delivery to a webhook: signed, within ten seconds, to no address that the installation keeps out of."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import time
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from backend import server_key
from backend.config import settings
from backend.errors import InvalidInput
from backend.jobs.deliveries import Claimed, Outcome

TOTAL_SECONDS = 10.0
"""From the look-up of the name to the head of the answer, however slowly it comes."""
TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 ones, private ones included."""
PRIVATE = (
    "{host} is an address of this machine or of a private network, and this installation sends webhooks to public ones "
    "alone. Set RONDO_PRIVATE_WEBHOOKS=true where that is meant."
)


class PrivateAddress(OSError):
    """A name stands for an address that webhooks do not go to."""


def check(url: str) -> None:
    """Raise `InvalidInput` for what cannot be a webhook's address. What a name stands for is seen when it is sent."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    is_plain = url.isprintable() and not any(c.isspace() or c == "\\" for c in url)
    if not host or not is_plain or parts.scheme not in ("http", "https"):
        raise InvalidInput(f"{url!r} is no address of a webhook. Type one such as https://example.org/rondo.")
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("The address of a webhook holds a name or a password. Leave it out: requests are signed.")
    connected = _connected(url)
    is_odd = not host.isascii() or ("%" in host and ":" not in host)
    if is_odd or connected is None:
        # Such as 127。0。0。1: what is connected to would be another name than the one looked at here.
        raise InvalidInput(f"{host!r} is no plain name of a server. Write it in ASCII, an umlaut as xn--... does.")
    if (_is_private(host) or _is_private(connected)) and not settings().private_webhooks:
        raise InvalidInput(PRIVATE.format(host=host))


def _is_private(host: str) -> bool:
    literal = _literal(host)
    return is_kept_out(literal) if literal is not None else host.rstrip(".").endswith("localhost")


def is_kept_out(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is none of the public internet."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None and is_kept_out(inner):
            return True
    return not address.is_global or address.is_multicast


def secret_of(webhook_id: int, salt: str) -> str:
    """The secret of a webhook, as its receiver is told it."""
    derived = server_key.derive(f"webhook.{webhook_id}.{salt}")
    return "rondo_hook_" + base64.urlsafe_b64encode(derived).decode().rstrip("=")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What the header `Rondo-Signature` says: HMAC-SHA256 of the timestamp, a full stop and the body."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"


async def post(claimed: Claimed, *, seconds: float = TOTAL_SECONDS) -> Outcome:
    """Try it once. No redirect is followed, and of the answer the status alone is kept."""
    import aiohttp  # noqa: PLC0415 - most installations have no webhook

    try:
        check(claimed.url)
    except InvalidInput as error:
        return Outcome(error=error.message)
    body = json.dumps(claimed.body, ensure_ascii=False).encode()
    stamp = str(int(time.time()))
    assert claimed.webhook_id is not None
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Rondo",
        "Rondo-Kind": str(claimed.body["kind"]),
        "Rondo-Delivery": claimed.uid,
        "Rondo-Timestamp": stamp,
        "Rondo-Signature": signature(secret_of(claimed.webhook_id, claimed.salt), stamp, body),
    }
    limit = aiohttp.ClientTimeout(total=seconds)
    trusted: Any = _certificates() if claimed.url.lower().startswith("https:") else True
    connector = aiohttp.TCPConnector(resolver=_resolver(), ssl=trusted, force_close=True, socket_factory=_socket)
    try:
        async with aiohttp.ClientSession(connector=connector, timeout=limit) as client:
            async with client.post(claimed.url, data=body, headers=headers, allow_redirects=False) as answer:
                return _outcome(answer.status)
    except PrivateAddress as error:
        return Outcome(error=str(error))
    except TimeoutError:
        return Outcome(error=f"No answer came within {seconds:g} seconds.")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, PrivateAddress) else None
        return Outcome(error=str(cause) if cause else f"No connection, or no answer ({type(error).__name__}).")


@cache
def _certificates() -> ssl.SSLContext:
    """Those that httpx brings, or those the environment names, as for endpoints; to read them takes a while."""
    import httpx  # noqa: PLC0415 - as above

    return httpx.create_ssl_context()


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status)
    if 300 <= status < 400:
        return Outcome(status, f"The server answered with status {status}, and redirects are not followed.")
    return Outcome(status, f"The server answered with status {status}.")


def _connected(url: str) -> str | None:
    """The host that a request to that address goes to, written as `urlsplit` does."""
    from yarl import URL  # noqa: PLC0415 - comes with aiohttp

    try:
        return URL(url).raw_host
    except ValueError:
        return None


def _socket(address: Any) -> socket.socket:
    """A socket to connect to that address with, unless it is kept out of: the last look before any byte is sent."""
    family, kind, protocol, _, place = address
    host = str(place[0]).partition("%")[0]
    if is_kept_out(ip_address(host)) and not settings().private_webhooks:
        raise PrivateAddress(PRIVATE.format(host=host))
    return socket.socket(family, kind, protocol)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:  # 127.1, 0x7f000001 and 2130706433 are addresses, too
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _resolver() -> Any:
    """Looks names up, and refuses private addresses of what it finds: what was checked is what is connected to."""
    from aiohttp import ThreadedResolver  # noqa: PLC0415 - as above

    class PublicResolver(ThreadedResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
            addresses = await super().resolve(host, port, family)
            kept_out = [address for address in addresses if is_kept_out(ip_address(address["host"].partition("%")[0]))]
            if kept_out and not settings().private_webhooks:
                raise PrivateAddress(PRIVATE.format(host=host))
            return addresses

    return PublicResolver()
