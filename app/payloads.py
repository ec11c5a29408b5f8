"""What a request to Gradio may name: no file but the login's own uploads, no address, nobody else's page.

Gradio takes a path out of any value that looks like a file's, in whichever field it stands, before a listener and its
permission check run. So what is sent is read here first, and what was read is what is handed on.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import anyio
from fastapi import HTTPException
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import uploads
from backend.services.people.sessions import SignedIn

PREFIX = "/gradio_api/"
FILES = ("/gradio_api/file=", "/gradio_api/file/")
HEARTBEAT = "/gradio_api/heartbeat/"
UPLOAD = "/gradio_api/upload"
NAMES_A_PAGE = ("session_hash", "upload_id")
DEEPEST = 100
LARGE = 256 * 1024
"""Bytes from which on reading them would hold up everybody else."""


class RefusedPayload(Exception):
    """Its message says what is not taken."""


async def pass_on(app: ASGIApp, scope: Scope, receive: Receive, send: Send, who: SignedIn | None) -> None:
    """Answer a request to one of Gradio's routes, or hand it on with everything in it checked."""
    session_id = who.session_id if who else None
    path: str = scope["path"]
    if path.startswith(FILES) and not uploads.is_own(session_id, path[len(FILES[0]) :]):
        return await _refusal(404, "There is no such file.")(scope, receive, send)
    scope = _of_this_login(scope, session_id)
    if path.rstrip("/") == UPLOAD and session_id is not None:
        send = _noting(send, session_id)
    elif scope["method"] == "POST":
        try:
            receive = await _checked(scope, receive, session_id)
        except RefusedPayload as refused:
            return await _refusal(400, str(refused))(scope, receive, send)
        except HTTPException as refused:
            return await _refusal(refused.status_code, str(refused.detail))(scope, receive, send)
    await app(scope, receive, send)
    return None


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"error": {"type": "InvalidInput", "message": message}}, status)


def _of_this_login(scope: Scope, session_id: int | None) -> Scope:
    """A page's name as Gradio sees it: with the login behind it, so that nobody reads or ends another's events."""
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    own = [(name, _own(value, session_id) if name in NAMES_A_PAGE else value) for name, value in query]
    changed: dict[str, Any] = {"query_string": urlencode(own).encode()} if own != query else {}
    if scope["path"].startswith(HEARTBEAT):
        path = _own(scope["path"].rstrip("/"), session_id)
        changed |= {"path": path, "raw_path": path.encode()}
    return {**scope, **changed}


def _own(name: str, session_id: int | None) -> str:
    return f"{name}-{session_id}"


async def _body(receive: Receive) -> bytes:
    """All that is sent; the guard has bounded it."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedPayload("The request broke off.")
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _checked(scope: Scope, receive: Receive, session_id: int | None) -> Receive:
    """What sends the body again as it was read here: nobody behind may read it in another way."""
    body = await _body(receive)
    if body:
        if Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise RefusedPayload("Only JSON is taken here.")
        body = (
            await anyio.to_thread.run_sync(checked, body, session_id)
            if len(body) > LARGE
            else checked(body, session_id)
        )
        MutableHeaders(scope=scope)["content-length"] = str(len(body))
    is_sent = False

    async def again() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def checked(body: bytes, session_id: int | None) -> bytes:
    """The JSON text again, naming the login's own page; raises `RefusedPayload` for what it may not name."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedPayload("This is not JSON that can be read.") from error
    for payload in _dicts(value):
        _check(payload, session_id)
    if isinstance(value, dict) and isinstance(value.get("session_hash"), str):
        value["session_hash"] = _own(value["session_hash"], session_id)
    return json.dumps(value).encode()


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside, however deep, without recursion."""
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise RefusedPayload(f"This is nested over {DEEPEST} deep.")
        inside: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                yield item
                inside += item.values()
            elif isinstance(item, list):
                inside += item
        level, depth = inside, depth + 1


def _check(payload: dict[str, Any], session_id: int | None) -> None:
    """Refuse what Gradio would take for a file, unless it is an upload of this login's."""
    meta, path, url = payload.get("meta"), payload.get("path"), payload.get("url")
    is_file = isinstance(meta, dict) and "_type" in meta
    if not is_file and not isinstance(path, str):
        return
    if not isinstance(path, str) or not uploads.is_own(session_id, path) or payload.get("is_stream"):
        raise RefusedPayload("This names a file that was not uploaded here. Upload it again.")
    if url is not None and not (isinstance(url, str) and unquote(url).endswith(f"{FILES[0]}{path}")):
        raise RefusedPayload("This names an address as a file. Upload the file instead.")


def _noting(send: Send, session_id: int) -> Send:
    """Remember the paths under which Gradio kept what was uploaded."""
    status, parts = 0, []

    async def sending(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body" and status == 200:
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                uploads.note(session_id, json.loads(b"".join(parts)))
        await send(message)

    return sending
