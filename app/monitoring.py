"""What a machine asks that watches this process: `/healthz`, `/readyz` and `/metrics`. Nobody signs in for these."""

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from app import proxies
from backend.config import settings
from backend.db import trouble
from backend.services.operations import readiness

READY_SECONDS = 5.0

_lookups = anyio.CapacityLimiter(2)


def router(*, with_worker: bool) -> APIRouter:
    """The three routes; `with_worker`: this process is ready once its worker runs."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/readyz")
    async def ready(request: Request) -> JSONResponse:
        state = request.app.state  # app/opening.py and app/api/later.py
        opening: list[str] = getattr(state, "opening", [])
        missing: list[str] = [*opening, *getattr(state, "missing", [])]
        # While it is opened, the worker is still to be started.
        problems = [*await _problems(with_worker=with_worker and not opening), *missing]
        return JSONResponse({"ready": not problems, "problems": problems}, 503 if problems else 200)

    routes.add_api_route("/healthz", _health)
    routes.add_api_route("/metrics", _metrics)
    return routes


async def _health() -> PlainTextResponse:
    return PlainTextResponse(readiness.LOST, 503) if readiness.lost() else PlainTextResponse("ok")


async def _problems(*, with_worker: bool) -> list[str]:
    with anyio.move_on_after(READY_SECONDS):
        return await anyio.to_thread.run_sync(
            lambda: readiness.problems(with_worker=with_worker), limiter=_lookups, abandon_on_cancel=True
        )
    return [f"The database did not answer within {READY_SECONDS:.0f} seconds."]


async def _metrics(request: Request) -> Response:
    if not _may_read(request):
        refusal = "Ask from this machine, or set RONDO_METRICS_TOKEN and send it as Authorization: Bearer."
        return PlainTextResponse(refusal, 403)
    try:
        text, type_ = await anyio.to_thread.run_sync(_figures, limiter=_lookups)
        return Response(text, media_type=type_)
    except trouble.DATABASE_ERRORS:
        return PlainTextResponse("The database does not answer.", 503)


def _figures() -> tuple[bytes, str]:
    from app import metrics  # noqa: PLC0415 - its library is loaded where somebody asks

    return metrics.text(), metrics.TYPE


def _may_read(request: Request) -> bool:
    """Who has the token. Where none is set: who asks from this machine for this machine, and through no proxy.

    A proxy on this machine need not say that it is one: the settings tell, or the name that it is asked for.
    """
    wanted = settings().metrics_token
    if wanted is not None and wanted.get_secret_value():
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip(" ").encode("latin-1")  # as it was sent
        return scheme.lower() == "bearer" and hmac.compare_digest(given, wanted.get_secret_value().encode())
    if request.client is None or request.scope.get(proxies.WAS_FORWARDED) or settings().proxies:
        return False
    try:
        asked = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        return ip_address(request.client.host).is_loopback and (asked == "localhost" or ip_address(asked).is_loopback)
    except ValueError:
        return False
