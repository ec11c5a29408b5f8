"""An OpenAI-compatible server on the loopback that behaves as badly as told."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from backend.engines.openai import OpenAI
from backend.values import Sampling

Reply = tuple[int, dict[str, str], Any]


def chat(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def choices(body: dict[str, Any]) -> Reply:
    """Answer as a good server does; a text names its prompt, its seed and its index."""
    n = body.get("n", 1)
    rows = [
        {
            "index": i,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": f"{body['messages'][-1]['content']}/{body.get('seed')}/{i}"},
            "logprobs": {"content": [{"logprob": -0.5}, {"logprob": -0.25}]} if body.get("logprobs") else None,
        }
        for i in range(n)
    ]
    return 200, {}, {"choices": rows[::-1], "usage": {"completion_tokens": 3 * n}}


def refusal(status: int, message: str, **more: str) -> Reply:
    return status, {}, {"error": {"message": message, **more}}


class Server(ThreadingHTTPServer):
    """Answers with `script` first, one entry a request, then with `answer`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Reply | str] = []
        self.answer: Callable[[dict[str, Any]], Reply] = choices
        self.models: Any = None
        """What it lists at /v1/models; None: it has no such route."""
        self.models_status = 200
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.delay = 0.0
        self.pause = 0.0
        self.meeting: threading.Barrier | None = None
        self.hold: Callable[[dict[str, Any]], object] = lambda body: None
        """Called before a request is answered, while others are."""
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        is_there = self.server.models is not None and self.path == "/v1/models"
        content = json.dumps(self.server.models if is_there else {"error": "no such route"}).encode()
        self.send_response(self.server.models_status if is_there else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_CONNECT(self) -> None:
        """It is no proxy for those who do not sign in."""
        self.send_response(407)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.headers.append(self.headers)
            self.server.in_flight += 1
            self.server.most_in_flight = max(self.server.most_in_flight, self.server.in_flight)
            reply = self.server.script.pop(0) if self.server.script else self.server.answer(body)
        if self.server.meeting is not None:
            self.server.meeting.wait(120)
        self.server.hold(body)
        time.sleep(self.server.delay)
        with self.server.lock:
            self.server.in_flight -= 1
        if reply in ("hang up", "half a reply"):
            self.close_connection = True
            if reply == "half a reply":
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{"choices": [{')
            return
        if isinstance(reply, str):  # raw text instead of JSON
            status, headers, value, content = 200, {}, reply, reply.encode()
        else:
            status, headers, value = reply
            content = (
                value
                if isinstance(value, bytes)
                else b""
                if isinstance(value, Iterator)
                else json.dumps(value).encode()
            )
        self.send_response(status)
        for name, header in headers.items():
            self.send_header(name, header)
        if isinstance(value, Iterator):
            self.close_connection = True
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError), contextlib.closing(value):
                for piece in value:
                    self.wfile.write(piece)
            return
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client may have timed out
            self.trickle(content)

    def trickle(self, content: bytes) -> None:
        """Send a body whole, or a byte at a time with a pause after each."""
        if not self.server.pause:
            self.wfile.write(content)
            return
        for place in range(len(content)):
            self.wfile.write(content[place : place + 1])
            time.sleep(self.server.pause)


@contextmanager
def serving() -> Iterator[Server]:
    """A running server."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def engine(server: Server, **knobs: Any) -> OpenAI:
    return OpenAI(**{"base_url": server.url, "model": "m", "retry_seconds": 0.01, "timeout": 60, **knobs})


def complete(server: Server, prompts: list[Any], sampling: Sampling = Sampling(seed=1), **knobs: Any) -> list[Any]:  # noqa: B008
    with engine(server, **knobs) as opened:
        return opened.complete(prompts, sampling)
