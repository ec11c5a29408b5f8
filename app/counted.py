"""How many requests were answered, of which kind and how. Plain sums of this process, for `/metrics`."""

from collections import Counter

from starlette.types import Message, Scope, Send

requests: Counter[tuple[str, str, str]] = Counter()
"""By kind, method and the hundred of the status."""
KINDS = (
    ("/api/", "rest"),
    ("/gradio_api/", "events"),
    ("/static/", "files"),
    ("/assets/", "files"),
    ("/login", "sign-in"),
    ("/healthz", "monitoring"),
    ("/readyz", "monitoring"),
    ("/metrics", "monitoring"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def counting(scope: Scope, send: Send) -> Send:
    """Count the request when its answer begins."""
    path = scope["path"]
    kind = next((name for start, name in KINDS if path.startswith(start)), "page")
    method = scope["method"] if scope["method"] in METHODS else "other"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            requests[kind, method, f"{message['status'] // 100}xx"] += 1
        await send(message)

    return sending
