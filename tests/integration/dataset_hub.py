"""A hub on loopback with one public dataset: what the library datasets asks for to read it, over real HTTP."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class DatasetHub(ThreadingHTTPServer):
    """`files`: of the dataset `repo`, by their paths. `asked`: method, path and revision of every request."""

    daemon_threads = True

    def __init__(self, repo: str, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repo, self.files = repo, files
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[tuple[str, str, str]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: DatasetHub

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, hub = unquote(self.path.split("?")[0]), self.server
        hub.asked.append((self.command, path, self.headers.get("Authorization") or ""))
        api = f"/api/datasets/{hub.repo}"
        if path.startswith(f"/datasets/{hub.repo}/resolve/"):
            self.send_file(path.removeprefix(f"/datasets/{hub.repo}/resolve/").split("/", 1)[1])
        elif path.startswith(f"{api}/tree/"):
            self.send_tree(path.removeprefix(f"{api}/tree/").partition("/")[2])
        elif path == api or path.startswith(f"{api}/revision/"):
            siblings = [{"rfilename": name} for name in hub.files]
            about = {"id": hub.repo, "sha": COMMIT, "siblings": siblings, "private": False, "tags": []}
            self.send_json(200, about | {"lastModified": "2026-01-01T00:00:00.000Z"})
        else:
            self.send_json(404, {}, {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_POST = do_GET

    def send_file(self, name: str) -> None:
        content = self.server.files.get(name)
        if content is None:
            return self.send_json(404, {}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        tag = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
        if "Range" not in self.headers:
            return self.send(200, content, tag)
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1 if last else None]
        place = {"Content-Range": f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"}
        return self.send(206, part, tag | place)

    def send_tree(self, folder: str) -> None:
        inside = {name: data for name, data in self.server.files.items() if name.rpartition("/")[0] == folder}
        entries = [
            {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for name, data in inside.items()
        ]
        self.send_json(200 if entries else 404, entries, {} if entries else {"X-Error-Code": "EntryNotFound"})

    def send_json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self.send(status, json.dumps(value).encode(), headers or {})

    def send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def dataset_hub(repo: str, files: dict[str, bytes]) -> Iterator[DatasetHub]:
    """Serve these files as that dataset."""
    server = DatasetHub(repo, files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
