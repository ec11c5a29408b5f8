"""A model hub on loopback that takes files: what huggingface_hub asks of it to push, over real HTTP.

It makes repositories, takes large files by their hash, and commits: all files of a commit, or none of them.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_a-secret-that-nobody-reads"


@dataclass
class Repo:
    is_private: bool
    commits: list[dict[str, bytes]] = field(default_factory=list)
    """Of each commit all files of the repository."""

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[-1] if self.commits else {}


class PushedHub(ThreadingHTTPServer):
    """`repos` by kind and name; `stored`: large files by their hash; `asked`: method and path of every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.repos: dict[str, Repo] = {}
        self.stored: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.fault: Callable[[str, str], int] = lambda method, path: 0
        """A status to refuse a request with; 0: none; -1: no answer until the hub is closed."""
        self.after_commit = 0
        """A status to answer with once a commit was made; 0: that it was made."""
        self.closed = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PushedHub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self._chunks()
        path, hub = self.path.split("?")[0], self.server
        hub.asked.append((self.command, path))
        fault = hub.fault(self.command, path)
        if fault < 0:
            hub.closed.wait()
            self.close_connection = True
        elif fault:
            self.send(fault, {"error": f"not today, {self.headers.get('Authorization')}"})
        elif self.command == "PUT":
            self.take(path, body)
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.send(401, {"error": "who are you?"})
        elif self.command == "GET" and path.endswith("/tree/main"):
            repo = hub.repos[path.removeprefix("/api/").removesuffix("/tree/main")]
            self.send(200, [{"type": "file", "path": name, "size": 1, "oid": "0" * 40} for name in repo.files])
        elif self.command == "GET":
            self.send(200 if path in self.known() else 404, {"id": "x", "sha": self.sha(path)})
        else:
            self.answer(path, body)

    do_GET = do_PUT = do_POST

    def _chunks(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return b""
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def known(self) -> set[str]:
        return {f"/api/{name}{end}" for name in self.server.repos for end in ("", "/revision/main")}

    def sha(self, path: str) -> str:
        repo = self.server.repos.get(path.removeprefix("/api/").removesuffix("/revision/main"))
        return f"{len(repo.commits):040x}" if repo else ""

    def answer(self, path: str, body: bytes) -> None:
        asked = json.loads(body) if body and not path.endswith("/commit/main") else {}
        if path == "/api/repos/create":
            self.create(asked)
        elif path == "/api/validate-yaml":
            self.send(200, {"errors": [], "warnings": []})
        elif path.endswith("/preupload/main"):
            repo = self.server.repos[path.removeprefix("/api/").removesuffix("/preupload/main")]
            self.send(200, {"files": [self.mode(repo, file) for file in asked["files"]]})
        elif path.endswith("/info/lfs/objects/batch"):
            self.send(200, {"transfer": "basic", "objects": [self.wanted(element) for element in asked["objects"]]})
        elif path == "/verify":
            self.send(200 if asked["oid"] in self.server.stored else 404, {})
        elif path.endswith("/commit/main"):
            self.commit(path, body)
        else:
            self.send(404, {"error": "there is nothing"})

    def create(self, asked: dict[str, Any]) -> None:
        kind = "datasets" if asked.get("type") == "dataset" else "models"
        name = f"{kind}/{asked['organization']}/{asked['name']}"
        known = name in self.server.repos
        is_private = asked.get("private") is True or asked.get("visibility") == "private"
        self.server.repos.setdefault(name, Repo(is_private))
        prefix = "datasets/" if kind == "datasets" else ""
        url = f"{self.server.address}/{prefix}{asked['organization']}/{asked['name']}"
        self.send(409 if known else 200, {"url": url, "error": "it exists"} if known else {"url": url})

    def mode(self, repo: Repo, element: dict[str, Any]) -> dict[str, Any]:
        is_large = element["path"].endswith((".safetensors", ".parquet"))
        content = repo.files.get(element["path"])
        oid = None
        if content is not None:
            plain = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            oid = hashlib.sha256(content).hexdigest() if is_large else plain
        return {
            "path": element["path"],
            "uploadMode": "lfs" if is_large else "regular",
            "shouldIgnore": False,
            "oid": oid,
        }

    def wanted(self, element: dict[str, Any]) -> dict[str, Any]:
        if element["oid"] in self.server.stored:
            return element
        upload = {"href": f"{self.server.address}/lfs/{element['oid']}?signature=abc"}
        return element | {"actions": {"upload": upload, "verify": {"href": f"{self.server.address}/verify"}}}

    def take(self, path: str, body: bytes) -> None:
        oid = path.removeprefix("/lfs/")
        if hashlib.sha256(body).hexdigest() == oid:
            self.server.stored[oid] = body
        self.send(200 if oid in self.server.stored else 400, {})

    def commit(self, path: str, body: bytes) -> None:
        repo = self.server.repos[path.removeprefix("/api/").removesuffix("/commit/main")]
        files = dict(repo.files)
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.server.stored[value["oid"]]
            elif entry["key"] == "deletedFile":
                del files[value["path"]]
        repo.commits.append(files)
        name, sha = path.removeprefix("/api/").removesuffix("/commit/main"), f"{len(repo.commits):040x}"
        url = f"{self.server.address}/{name.removeprefix('models/')}/commit/{sha}"
        if fault := self.server.after_commit:
            return self.send(fault, {})
        return self.send(200, {"commitUrl": url, "commitOid": sha, "pullRequestUrl": None})

    def send(self, status: int, content: dict[str, Any] | list[dict[str, Any]]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def pushed_hub() -> Iterator[PushedHub]:
    """An empty hub."""
    server = PushedHub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closed.set()
        server.shutdown()
        server.server_close()
        thread.join()
