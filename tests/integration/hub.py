"""A model hub on loopback: the few answers of huggingface.co that loading a model asks for, over real HTTP."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """One public repository. `address` is for HF_ENDPOINT; `asked`: method and path of every request."""

    def __init__(self, repo: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repo, self.folder = repo, folder
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[tuple[str, str]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_GET(self) -> None:
        path, hub = self.path.split("?")[0], self.server
        hub.asked.append((self.command, path))
        if path.startswith(f"/{hub.repo}/resolve/"):
            self.send_file(hub.folder / path.removeprefix(f"/{hub.repo}/resolve/").split("/", 1)[1])
        elif path.startswith(f"/api/models/{hub.repo}/tree/"):
            self.send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        elif path in (f"/api/models/{hub.repo}", f"/api/models/{hub.repo}/revision/main"):
            files = [{"rfilename": file.name} for file in sorted(hub.folder.iterdir())]
            self.send(200, json.dumps({"id": hub.repo, "sha": COMMIT, "siblings": files}).encode(), {})
        else:
            self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET

    def send_file(self, file: Path) -> None:
        if not file.is_file():
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        content = file.read_bytes()
        return self.send(200, content, {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT})

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
def hub(repo: str, folder: Path) -> Iterator[Hub]:
    """Serve the files of a folder as that repository."""
    server = Hub(repo, folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
