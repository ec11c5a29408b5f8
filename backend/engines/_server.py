"""A model server of Rondo's own on this machine: found or started, waited for, let go of.

Who keeps one running is `_keeper.py`; a folder of the data folder says how it stands. Whoever uses a server holds a
lock on its lease, which the kernel gives back however that process dies. Servers belong to one worker each and end
with it.
"""

import hashlib
import json
import logging
import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from backend import lifeline
from backend.config import settings
from backend.engines import _keeper, _locks
from backend.engines._server_folders import MARK, home, is_kept, make_room, spec_of, stop
from backend.errors import EngineError, MissingPrerequisite

log = logging.getLogger("rondo.engines")

LOOK_SECONDS = 0.1
SAY_SECONDS = 5.0
DOWN_SECONDS = 1.0
LAST_LINES = 8
STARTER = Path(__file__).with_name("_start_vllm.py")


@dataclass(frozen=True)
class Wanted:
    """What a server is started with; the same is the same server."""

    model: str
    options: tuple[str, ...]
    python: str

    @property
    def key(self) -> str:
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()


class Server:
    """A lease of a running server. Made by `lease`; `close` lets it go, and idle servers end by themselves."""

    def __init__(self, folder: Path, lease: IO[bytes], *, is_new: bool) -> None:
        self.folder, self._lease = folder, lease
        spec = spec_of(folder)
        self.url, self.name, self.key = str(spec["url"]), str(spec["name"]), str(spec["environment"]["VLLM_API_KEY"])
        self._adapters: dict[str, IO[bytes]] = {}
        # It is on the loopback and speaks plain HTTP: no certificates are loaded, and no proxy is asked.
        headers = {"Authorization": f"Bearer {self.key}"}
        self._client = httpx.Client(headers=headers, timeout=60.0, trust_env=False, verify=False)
        log_file = folder / "log.txt"
        self._followed = log_file.stat().st_size if not is_new and log_file.exists() else 0

    def close(self) -> None:
        self._client.close()
        for held in (*self._adapters.values(), self._lease):
            held.close()
        self._adapters.clear()

    @property
    def is_alive(self) -> bool:
        """Whether its process runs, and no other server has been started in its place."""
        is_own = spec_of(self.folder).get("name") == self.name
        return is_own and not (self.folder / "ended.json").exists() and is_kept(self.folder)

    def is_down(self) -> bool:
        """Whether it does not answer, looked at for a while; one that runs all the same is ended."""
        until = time.monotonic() + DOWN_SECONDS
        while self.is_alive and self.is_ready():
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_SECONDS)
        if self.is_alive:
            stop(self.folder)
        return True

    @property
    def context(self) -> int | None:
        """Tokens of prompt and text together, as the server says; raises `EngineError`."""
        return next((one.get("max_model_len") for one in self.models() if one.get("id") == self.name), None)

    def turn(self, *, alone: bool) -> AbstractContextManager[object]:
        """Held while requests are under way; with `alone` nobody else has any meanwhile, on a CPU.

        There vLLM 0.32 ends where it reads a prompt beside other requests while it has room for adapters: it takes the
        prompt's tokens for requests (punica_cpu.py, add_lora_logits).
        """
        place = self.folder / "turn"
        return _locks.held(place) if alone and self.is_on_cpu else _locks.shared(place)

    @property
    def is_on_cpu(self) -> bool:
        return (self.folder / "device").read_text(encoding="utf-8") == "cpu"

    def models(self) -> list[dict[str, Any]]:
        """What is loaded: the base, and adapters; raises `EngineError`."""
        try:
            reply = self._ask("GET", "/v1/models")
            return list(reply.json()["data"]) if reply.status_code == 200 else []
        except (httpx.HTTPError, ValueError, LookupError) as error:
            raise EngineError(
                f"The vLLM server gave no list of models ({type(error).__name__}).{self.said()}"
            ) from error

    def adapter(self, folder: str) -> str:
        """Load an adapter, if it is not loaded yet, and return its name; others that nobody uses are unloaded.

        Raises `EngineError` where the server refuses it.
        """
        name = f"adapter-{_fingerprint(Path(folder))}"
        places = self.folder / "adapters"
        with _locks.held(self.folder / "loading"):
            loaded = {str(one["id"]) for one in self.models()} - {self.name}
            if name not in self._adapters:
                self._adapters[name] = _locks.shared(places / name)
            for other in sorted(loaded - {name}):
                if (free := _keeper.lock(places / other)) is not None:
                    with free:
                        self._post("unload_lora_adapter", {"lora_name": other})
                        (places / other).unlink(missing_ok=True)
            if name not in loaded:
                reply = self._post("load_lora_adapter", {"lora_name": name, "lora_path": folder})
                if reply.status_code != 200:
                    raise EngineError(
                        f"vLLM does not load the adapter {folder}: {reply.text[:500]} Launch the round with the engine "
                        "transformers, or train all weights (lora off)."
                    )
                log.info("vLLM: loaded the adapter %s.", folder)
        return name

    def _post(self, route: str, body: dict[str, Any]) -> httpx.Response:
        try:
            return self._ask("POST", f"/v1/{route}", body)
        except httpx.HTTPError as error:
            raise EngineError(
                f"The vLLM server did not answer {route} ({type(error).__name__}).{self.said()}"
            ) from error

    def _ask(self, method: str, route: str, body: Any = None) -> httpx.Response:
        return self._client.request(method, self.url + route, json=body)

    def is_ready(self) -> bool:
        """Whether the server answers and is the one that was started: another program may have taken the port."""
        try:
            return self._ask("GET", "/health").status_code == 200 and any(
                m.get("id") == self.name for m in self.models()
            )
        except (httpx.HTTPError, EngineError):
            return False

    def follow(self) -> None:
        """Write what the server printed since this was last called into this process's log: the job's."""
        with suppress(OSError), (self.folder / "log.txt").open("rb") as file:
            file.seek(self._followed)
            new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._followed += len(whole)
            for line in whole.decode("utf-8", "replace").splitlines():
                log.info("vLLM: %s", line.rstrip())

    def said(self) -> str:
        """Its last lines, for an error."""
        with suppress(OSError):
            lines = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines()
            if last := [line.strip() for line in lines if line.strip()][-LAST_LINES:]:
                return " Its last lines:\n" + "\n".join(last)
        return ""


def lease(wanted: Wanted, *, seconds: float, idle_seconds: float) -> Server:
    """Return a server that answers: the worker's own of the same kind, or a new one, waited for.

    Raises `MissingPrerequisite` where that Python has no vLLM, `EngineError` where the server ends, or does not answer
    within so many seconds.
    """
    until = time.monotonic() + seconds
    folder = home() / wanted.key
    (folder / "adapters").mkdir(parents=True, exist_ok=True)
    with _locks.held(home() / "starting", until=until), ExitStack() as undone:
        lease_ = undone.enter_context(_locks.shared(folder / "lease", until=until))
        is_new = not is_kept(folder) or (folder / "ended.json").exists()
        if is_new:
            require(wanted.python)
            make_room(folder)
            _start(folder, wanted, idle_seconds)
        server = Server(folder, lease_, is_new=is_new)
        undone.callback(server.close)
        _wait(server, until, seconds)
        undone.pop_all()
    log.info("vLLM: %s %s at %s.", "started for" if is_new else "already serves", wanted.model, server.url)
    return server


def require(python: str) -> None:
    """Raise `MissingPrerequisite` where a Python has no vLLM."""
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
    try:
        found = subprocess.run([python, "-c", look], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPrerequisite(
            f"The Python {python} cannot be run ({error}). Set RONDO_VLLM_PYTHON to the one that has vLLM, "
            "such as /opt/vllm/bin/python."
        ) from error
    if not found:
        raise MissingPrerequisite(
            f"The Python {python} has no vLLM. Install it (`pip install 'rondo[vllm]'`), set RONDO_VLLM_PYTHON to the "
            "Python of an environment that has it, or launch the round with the engine transformers."
        )


def _start(folder: Path, wanted: Wanted, idle_seconds: float) -> None:
    for name in ("ended.json", "stop", "log.txt"):
        (folder / name).unlink(missing_ok=True)
    port, mark = _free_port(), secrets.token_hex(8)
    name = f"rondo-{mark}"
    served = ("--model", wanted.model, "--served-model-name", name, "--host", "127.0.0.1", "--port", str(port))
    spec = {
        "argv": [wanted.python, str(STARTER), *served, *wanted.options],
        "environment": _environment() | {MARK: mark, "VLLM_API_KEY": secrets.token_urlsafe(32)},
        "url": f"http://127.0.0.1:{port}",
        "name": name,
        "idle_seconds": idle_seconds,
    }
    descriptor = os.open(folder / "spec.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(spec, file)
    life = lifeline.pipe()
    argv = [sys.executable, _keeper.__file__, str(folder), str(life)]
    subprocess.run(argv, stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=[life], check=True)


def _environment() -> dict[str, str]:
    """What the server gets: none of Rondo's own variables, which hold keys, and no telemetry."""
    own = {name: value for name, value in os.environ.items() if not name.upper().startswith(("RONDO_", "PYTHON"))}
    fixed = {
        "PYTHONUNBUFFERED": "1",
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1" if settings().hf_offline else "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    return {"VLLM_CPU_KVCACHE_SPACE": "1", **own, **fixed}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(server: Server, until: float, seconds: float) -> None:
    began, said = time.monotonic(), time.monotonic()
    while not server.is_ready():
        server.follow()
        if not server.is_alive:
            raise EngineError(
                f"The vLLM server ended before it answered.{server.said()}\nWhat it says is in the job's log. Correct "
                "its options (RONDO_VLLM_OPTIONS), or launch the round with the engine transformers."
            )
        if time.monotonic() > until:
            stop(server.folder)
            raise EngineError(
                f"The vLLM server did not answer within {seconds:g} seconds, and was ended.{server.said()}\nGive it "
                "more time (RONDO_VLLM_START_SECONDS), or launch the round with the engine transformers."
            )
        if time.monotonic() - said > SAY_SECONDS:
            said = time.monotonic()
            log.info("Waiting for vLLM: %.0f of at most %g seconds.", said - began, seconds)
        time.sleep(LOOK_SECONDS)
    server.follow()


def _fingerprint(folder: Path) -> str:
    """Tells an adapter from another one that was written into the same folder."""
    stats = [(one.name, one.stat().st_size, one.stat().st_mtime_ns) for one in sorted(folder.glob("adapter_*"))]
    return hashlib.blake2b(repr((str(folder), stats)).encode(), digest_size=8).hexdigest()
