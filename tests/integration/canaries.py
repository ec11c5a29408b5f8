"""Files that nobody may get, values that name them in every way, and whether any of it came back or was copied."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from backend.config import settings

BYTES = b"canary-7f3a9c-must-stay-where-it-is"
META = {"_type": "gradio.FileData"}


@dataclass(frozen=True)
class Canaries:
    """`files` lie outside and inside the data folder; `secrets` are texts of which none may come back."""

    files: tuple[Path, ...]
    endless: tuple[Path, ...]
    secrets: tuple[bytes, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """Everything that a request names: files, the database, the key, what never ends or is no file."""
        own = [settings().folder / name for name in ("rondo.db", "rondo.db-wal", "secret.key")]
        odd = ["/proc/self/environ", "/proc/self/mem", str(settings().folder), "/", "~/.ssh/id_rsa", "rondo.db"]
        return (*map(str, self.files), *map(str, own), *map(str, self.endless), *odd)

    def check_answer(self, body: bytes) -> None:
        """Fail where an answer holds anything of the files."""
        assert not any(secret in body for secret in self.secrets), body[:500]

    def check_copies(self) -> None:
        """Fail where a file that Gradio or Rondo keeps holds anything of them."""
        originals = {*self.files, *(settings().folder / name for name in ("rondo.db", "rondo.db-wal", "secret.key"))}
        for folder in kept_in():
            for path in folder.rglob("*"):
                if path.is_file() and not path.is_symlink() and path not in originals:
                    held = path.read_bytes()
                    assert not any(secret in held for secret in self.secrets), path


def kept_in() -> tuple[Path, ...]:
    """Where copies would lie: Gradio's folder, whichever it is, and what Rondo keeps beside the database."""
    gradio = os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio"
    return (Path(gradio), *(settings().folder / name for name in ("imports", "exports", "reports", "tmp", "uploads")))


def lay(outside: Path) -> Canaries:
    """Put the files where they may not be read."""
    outside.mkdir(parents=True, exist_ok=True)
    (settings().folder / "imports").mkdir(exist_ok=True)
    files = (
        outside / "canary.jsonl",
        outside / "canary.svg",
        outside / ".hidden",
        settings().folder / "canary.txt",
        Path(tempfile.gettempdir()) / f"canary-{os.getpid()}.txt",
    )
    for file in files:
        file.write_bytes(b'{"prompt": "' + BYTES + b'"}\n')
    pipe = outside / "pipe"
    os.mkfifo(pipe)
    (settings().folder / "imports" / "zero").symlink_to("/dev/zero")
    (settings().folder / "imports" / "link.jsonl").symlink_to(files[0])
    key = settings().folder / "secret.key"
    secrets = (BYTES, b"SQLite format 3", key.read_bytes().strip())
    return Canaries(files, (Path("/dev/zero"), pipe), secrets)


def shapes(target: str, url: str) -> list[Any]:
    """Values that Gradio takes for a file, or might."""
    file = {"path": target, "orig_name": "x.jsonl", "meta": META}
    return [
        file,
        {"path": target},
        {"path": target, "url": f"/gradio_api/file={target}", "size": 1, "mime_type": "text/plain", "meta": META},
        [file],
        [[{"a": [file]}]],
        {"value": file, "__type__": "update"},
        {"value": {"path": target}},
        file | {"is_stream": True},
        {"path": url, "meta": META},
        {"path": target, "url": url, "meta": META},
        {"url": url, "meta": META},
        {"path": [target], "meta": META},
    ]


def old_shapes(target: str) -> list[Any]:
    """Values that earlier versions of Gradio took for a file, and plain texts."""
    return [{"is_file": True, "name": target, "data": None}, target, [target], f"file={target}"]


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """An address on this machine, and who asked there for what."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(BYTES)

        do_HEAD = do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/canary", asked
    finally:
        server.shutdown()
        server.server_close()
