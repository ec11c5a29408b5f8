"""Listens after a while, answers /v1/completions by seed, loads adapters, and crashes when told.

Told by `$FAKE_VLLM/control.json`; what it was started with and asked is written beside it. As vLLM has, it has a process
of its own that goes on when this one is killed.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["FAKE_VLLM"])
CONTROL: dict[str, Any] = json.loads((FOLDER / "control.json").read_text())
TEXTS = ("#### 4", "#### 5", "#### 6", "#### 7", "#### 8", "I give up")
LOCK = threading.Lock()
IN_FLIGHT: list[bool] = []
"""Of each request under way, whether it reads its prompt."""
MEETING = threading.Barrier(CONTROL.get("meeting", 1))
"""So many requests that write wait for each other."""
MEETING_SECONDS = 60


def note(kind: str, value: Any) -> int:
    """Add a line to what is told to the test; return how many there are of the kind, in all processes."""
    with LOCK, (FOLDER / f"{kind}.jsonl").open("a+") as file:
        file.write(json.dumps(value) + "\n")
        file.flush()
        file.seek(0)
        return len(file.readlines())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    adapters: dict[str, str] = {}
    options: argparse.Namespace

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/health":
            return self.reply(200, {})
        if not self.is_known():
            return self.reply(401, {"error": "Unauthorized"})
        names = [self.options.served_model_name, *self.adapters]
        return self.reply(
            200, {"data": [{"id": entry, "max_model_len": self.options.max_model_len} for entry in names]}
        )

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.is_known():
            return self.reply(401, {"error": "Unauthorized"})
        if self.path == "/v1/load_lora_adapter":
            return self.load(body["lora_name"], body["lora_path"])
        if self.path == "/v1/unload_lora_adapter":
            note("unloaded", body["lora_name"])
            return self.reply(200 if self.adapters.pop(body["lora_name"], None) else 404, "done")
        if body["model"] not in (self.options.served_model_name, *self.adapters):
            return self.reply(404, {"error": {"message": f"The model {body['model']} does not exist."}})
        if body.get("n", 1) > 1 and body["temperature"] == 0:
            text = f"n must be 1 when using greedy sampling, got {body['n']}."
            return self.reply(400, {"error": {"message": text, "type": "BadRequestError", "code": 400}})
        if len(body.get("stop", ())) > 4:
            return self.reply(400, {"error": {"message": "List should have at most 4 items after validation"}})
        asked = note("requests", body | {"adapter": self.adapters.get(body["model"])})
        if asked in CONTROL.get("crash_at", ()) or body["prompt"] == CONTROL.get("deadly_prompt"):
            os.kill(os.getpid(), signal.SIGKILL)
        if "prompt_logprobs" not in body:
            MEETING.wait(MEETING_SECONDS)
        with together(body):
            return self.reply(200, answer(body, self.adapters.get(body["model"], "")))

    def load(self, name: str, folder: str) -> None:
        if not self.options.enable_lora or not (Path(folder) / "adapter_config.json").is_file():
            return self.reply(400, {"error": {"message": f"No adapter found for {folder}"}})
        self.adapters[name] = folder
        note("loaded", folder)
        return self.reply(200, "done")

    def is_known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {os.environ['VLLM_API_KEY']}"

    def reply(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def together(body: dict[str, Any]) -> Iterator[None]:
    """As vLLM on a CPU, with room for adapters, it ends when it reads a prompt beside other requests."""
    IN_FLIGHT.append("prompt_logprobs" in body)
    time.sleep(0.01)
    if len(IN_FLIGHT) > 1 and any(IN_FLIGHT) and Handler.options.enable_lora:
        os.kill(os.getpid(), signal.SIGKILL)
    yield
    IN_FLIGHT.remove("prompt_logprobs" in body)


def answer(body: dict[str, Any], adapter: str) -> dict[str, Any]:
    """All n texts, each by the seed, its number, the prompt and the adapter."""
    results = []
    for index in range(body.get("n", 1)):
        of = json.dumps([body.get("seed"), index, body["prompt"], adapter])
        digest = hashlib.blake2b(of.encode(), digest_size=2).digest()
        text = TEXTS[digest[0] % len(TEXTS)][: body["max_tokens"]]
        fields = {"token_logprobs": [-0.5] * (len(text) + 1)}
        results.append({"index": index, "text": text, "finish_reason": "stop", "logprobs": fields})
    if "prompt_logprobs" in body:
        results[0]["prompt_logprobs"] = [
            None,
            *({str(entry): {"logprob": -entry / 100}, "0": {"logprob": -0.01}} for entry in body["prompt"][1:]),
        ]
    return {"choices": results[::-1]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--served-model-name")
    parser.add_argument("--port", type=int)
    parser.add_argument("--max-model-len", type=int, default=256)
    parser.add_argument("--enable-lora", action="store_true")
    Handler.options = parser.parse_known_args()[0]
    note("started", sys.argv[1:])
    print("The engine core starts.", flush=True)
    core = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    note("processes", [os.getpid(), core.pid])
    time.sleep(CONTROL.get("start_seconds", 0))
    if "start_error" in CONTROL:
        print(CONTROL["start_error"], flush=True)
        sys.exit(1)
    server = ThreadingHTTPServer(("127.0.0.1", Handler.options.port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: (core.kill(), os._exit(0)))
    print("It listens.", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
