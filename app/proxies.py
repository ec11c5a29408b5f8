"""What a request says of itself by way of others: believed of a trusted proxy alone, gone otherwise.

Anybody may write `X-Forwarded-For`. Whoever stands directly before us is known by their address; only where that is a
proxy of `RONDO_TRUSTED_PROXIES` do its headers say who asks, over which line and by which name of this site. They are
taken out in any case, so that nothing below, Gradio included, reads them again.
"""

from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

from backend.config import settings

WAS_FORWARDED = "rondo_was_forwarded"
"""In a request's scope: it came through a proxy, trusted or not."""
FORWARDED = (
    b"forwarded",
    b"via",
    b"x-real-ip",
    b"x-original-host",
    b"x-original-uri",
    b"x-original-url",
    b"x-rewrite-url",
)


def believed(scope: Scope) -> Scope:
    """The request's scope with client, scheme and host as far as they can be believed."""
    given = [(name, value) for name, value in scope["headers"] if _is_forwarded(name)]
    if not given:
        return scope
    kept = [(name, value) for name, value in scope["headers"] if not _is_forwarded(name)]
    forwarded = {**scope, "headers": kept, WAS_FORWARDED: True}
    client, trusted = scope.get("client"), settings().proxies
    if client is None or not _is_in(client[0], trusted):
        return forwarded
    headers = Headers(raw=given)
    if address := _farthest(headers.getlist("x-forwarded-for"), trusted):
        forwarded["client"] = (address, 0)
    if (scheme := _last(headers, "x-forwarded-proto").lower()) in ("http", "https"):
        forwarded["scheme"] = scheme
    if host := _last(headers, "x-forwarded-host"):
        forwarded["headers"] = [
            (b"host", host.encode("latin-1")),
            *((name, value) for name, value in kept if name != b"host"),
        ]
    return forwarded


def _is_forwarded(name: bytes) -> bool:
    return name.startswith(b"x-forwarded-") or name in FORWARDED


def _is_in(address: str, trusted: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in trusted)


def _farthest(values: list[str], trusted: tuple[IPv4Network | IPv6Network, ...]) -> str | None:
    """The last address that is no trusted proxy's: what stands before it, its sender may have made up."""
    for hop in reversed([part.strip() for value in values for part in value.split(",")]):
        try:
            address = str(ip_address(hop))
        except ValueError:
            return None
        if not _is_in(address, trusted):
            return address
    return None


def _last(headers: Headers, name: str) -> str:
    """What the nearest proxy wrote."""
    values = headers.getlist(name)
    return values[-1].rpartition(",")[2].strip() if values else ""
