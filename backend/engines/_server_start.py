"""How a model server is found or started, and waited for.

Who keeps one running is `_keeper.py`; a folder says how it stands. Whoever uses a server holds a lock in it, which the
kernel gives back however that process dies. Servers belong to one worker each and end with it.
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
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

from backend import lifeline
from backend.config import settings
from backend.engines import _keeper, _locks
from backend.engines._server import LOOK_SECONDS, Server, fingerprint
from backend.engines._server_folders import MARK, home, is_kept, make_home, make_room, spec_of, stop
from backend.errors import EngineError, MissingPrerequisite
from backend.values import JSON

log = logging.getLogger("rondo.engines")

SAY_SECONDS = 5.0
HEALTH_SECONDS = 5.0
"""What is at the port of a server that starts may be another program, and may never answer."""
ENDING_SECONDS = 30.0
"""A server that ends has let go of its folder by then."""
PORTS = 3
"""How many ports are tried: each is free when it is chosen, and bound seconds later."""
TAKEN = "Address already in use"
STARTER = Path(__file__).with_name("_start_vllm.py")
WEIGHTS = ("*.safetensors", "*.json")


class PortTaken(EngineError):
    """Another program has bound the server's port meanwhile."""


@dataclass(frozen=True)
class ServerRequest:
    """What a server is started with; the same is the same server, as long as the model's files are."""

    model: str
    options: tuple[str, ...]
    python: str

    @property
    def key(self) -> str:
        known = (repr(self), fingerprint(Path(self.model), WEIGHTS))
        return hashlib.blake2b(repr(known).encode(), digest_size=8).hexdigest()


def hold(
    wanted: ServerRequest, *, seconds: float, idle_seconds: float, check: _locks.Check = _locks.no_check
) -> Server:
    """Return a server that answers: the worker's own of the same kind, or a new one, waited for.

    Raises `MissingPrerequisite` where that Python has no vLLM, `EngineError` where the server ends, or does not answer
    within so many seconds.
    check: called while it is waited for; what it raises ends the wait, and a server that starts.
    """
    make_home()
    folder = home() / wanted.key
    if (server := _running(folder)) is None:
        with _locks.held(home() / "starting", waits_for="another start of vLLM", check=check):
            check()
            server = _running(folder) or _started(folder, wanted, seconds, idle_seconds, check)
    log.info("vLLM: %s is served at %s.", wanted.model, server.url)
    return server


def _running(folder: Path) -> Server | None:
    """The folder's server, where one has been started and answers."""
    if not (folder / "ready").exists():
        return None
    with ExitStack() as undone:
        try:
            held = undone.enter_context(_locks.shared(folder / "users", until=time.monotonic() + 1))
        except EngineError:  # it ends
            return None
        spec = spec_of(folder)
        if not spec or not is_kept(folder):
            return None
        server = Server(folder, held, spec, is_new=False)
        undone.callback(server.close)
        if not server.is_ready():
            return None
        undone.pop_all()
    return server


def _started(folder: Path, wanted: ServerRequest, seconds: float, idle_seconds: float, check: _locks.Check) -> Server:
    require(wanted.python)
    for tried in range(PORTS):
        with ExitStack() as undone:
            until = time.monotonic() + ENDING_SECONDS
            held = undone.enter_context(_locks.shared(folder / "users", until=until, check=check))
            if is_kept(folder):  # it ends, or it does not answer
                stop(folder)
            (folder / "adapters").mkdir(exist_ok=True)
            make_room(folder)
            server = Server(folder, held, _start(folder, wanted, idle_seconds), is_new=True)
            undone.callback(server.close)
            try:
                _wait(server, time.monotonic() + seconds, seconds, check)
            except PortTaken:
                if tried == PORTS - 1:
                    raise
                log.warning("The port of the vLLM server was taken before it listened. It is started at another one.")
                continue
            (folder / "ready").touch()
            undone.pop_all()
            return server
    raise AssertionError


def require(python: str) -> None:
    """Raise `MissingPrerequisite` where a Python has no vLLM."""
    try:
        is_installed = _has_vllm(python, Path(python).stat().st_mtime_ns if Path(python).exists() else 0)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPrerequisite(
            f"The Python {python} cannot be run ({error}). Set RONDO_VLLM_PYTHON to the one that has vLLM, "
            "such as /opt/vllm/bin/python."
        ) from error
    if not is_installed:
        _has_vllm.cache_clear()  # it may be installed meanwhile
        raise MissingPrerequisite(
            f"The Python {python} has no vLLM. Install it (`pip install 'rondo[vllm]'`), set RONDO_VLLM_PYTHON to the "
            "Python of an environment that has it, or launch the round with the engine transformers."
        )


@lru_cache(maxsize=8)
def _has_vllm(python: str, _changed: int) -> bool:
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
    done = subprocess.run([python, "-c", look], capture_output=True, timeout=60, check=False, env=_environment())
    return done.returncode == 0


def _start(folder: Path, wanted: ServerRequest, idle_seconds: float) -> JSON:
    """Start it and its keeper; return the server's spec."""
    for name in ("ended.json", "ready", "stop"):
        (folder / name).unlink(missing_ok=True)
    port, mark, key = _free_port(), secrets.token_hex(8), secrets.token_urlsafe(32)
    name = f"rondo-{mark}"
    served = ("--model", wanted.model, "--served-model-name", name, "--host", "127.0.0.1", "--port", str(port))
    spec: JSON = {
        "argv": [wanted.python, str(STARTER), *served, *wanted.options],
        "mark": mark,
        "url": f"http://127.0.0.1:{port}",
        "name": name,
        "key": key,
        "idle_seconds": idle_seconds,
    }
    descriptor = os.open(folder / "spec.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(spec, file)
    life = lifeline.pipe()
    argv = [sys.executable, _keeper.__file__, str(folder), str(life)]
    environment = _environment() | {MARK: mark, "VLLM_API_KEY": key}
    with (folder / "log.txt").open("wb") as output:
        _run_keeper(argv, environment, life, output)
    return spec


def _run_keeper(argv: list[str], environment: dict[str, str], life: int, output: IO[bytes]) -> None:
    """Return once it keeps the server, in a process of its own that this one does not wait for."""
    subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=environment,
        start_new_session=True,
        pass_fds=[life],
        check=True,
    )


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
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(server: Server, until: float, seconds: float, check: _locks.Check) -> None:
    began, last_note = time.monotonic(), time.monotonic()
    while not server.is_ready(HEALTH_SECONDS):
        try:
            check()
        except EngineError:
            stop(server.folder)
            raise
        server.follow()
        if not server.is_alive:
            said_last = server.last_lines()
            kind = PortTaken if TAKEN in said_last else EngineError
            raise kind(
                f"The vLLM server ended before it answered.{said_last}\nWhat it says is in the job's log. Correct "
                "its options (RONDO_VLLM_OPTIONS), or launch the round with the engine transformers."
            )
        if time.monotonic() > until:
            stop(server.folder)
            raise EngineError(
                f"The vLLM server did not answer within {seconds:g} seconds, and was ended.{server.last_lines()}\n"
                "Give it more time (RONDO_VLLM_START_SECONDS), or launch the round with the engine transformers."
            )
        if time.monotonic() - last_note > SAY_SECONDS:
            last_note = time.monotonic()
            log.info("Waiting for vLLM: %.0f of at most %g seconds.", last_note - began, seconds)
        time.sleep(LOOK_SECONDS)
    server.follow()
