"""A running model server of Rondo's own on this machine, as one who uses it has it."""

import hashlib
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

import httpx

from backend.engines import _keeper, _locks
from backend.engines._server_folders import is_kept, spec_of, stop
from backend.errors import EngineError
from backend.values import JSON

log = logging.getLogger("rondo.engines")

LOOK_SECONDS = 0.1
DOWN_SECONDS = 1.0
ANSWER_SECONDS = 60.0
LAST_LINES = 8


class Server:
    """A hold on a running server. Made by `hold`; `close` lets it go, and idle servers end by themselves."""

    def __init__(self, folder: Path, held: IO[bytes], spec: JSON, *, is_new: bool) -> None:
        """held: the lock of its users. spec: what it was started with."""
        self.folder, self._held = folder, held
        self.url, self.name, self.key = str(spec["url"]), str(spec["name"]), str(spec["key"])
        self._adapters: dict[str, IO[bytes]] = {}
        # It is on the loopback and speaks plain HTTP: no certificates are loaded, and no proxy is asked.
        headers = {"Authorization": f"Bearer {self.key}"}
        self._client = httpx.Client(headers=headers, timeout=ANSWER_SECONDS, trust_env=False, verify=False)
        log_file = folder / "log.txt"
        self._followed = log_file.stat().st_size if not is_new and log_file.exists() else 0
        self._following = Lock()
        self._turn = _locks.SharedOrAlone(folder, "others that ask the vLLM server")

    def close(self) -> None:
        self._client.close()
        for held in (*self._adapters.values(), self._held):
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
        return next((model.get("max_model_len") for model in self.models() if model.get("id") == self.name), None)

    def turn(
        self, *, alone: bool, by_itself: bool = False, check: _locks.Check = _locks.no_check
    ) -> AbstractContextManager[None]:
        """Held while requests are under way; with `alone` nobody else has any meanwhile, on a CPU.

        There vLLM 0.32 ends where it reads a prompt beside other requests while it has room for adapters: it takes the
        prompt's tokens for requests (punica_cpu.py, add_lora_logits).
        by_itself: nobody else has any, wherever it runs. check: ends the wait by what it raises.
        """
        return self._turn.alone(check) if by_itself or (alone and self.is_on_cpu) else self._turn.shared(check)

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
                f"The vLLM server gave no list of models ({type(error).__name__}).{self.last_lines()}"
            ) from error

    def adapter(self, folder: str) -> str:
        """Load an adapter, if it is not loaded yet, and return its name; others that nobody uses are unloaded.

        Raises `EngineError` where the server refuses it.
        """
        name = f"adapter-{fingerprint(Path(folder), ('adapter_*',))}"
        places = self.folder / "adapters"
        with _locks.held(self.folder / "loading"):
            loaded = {str(model["id"]) for model in self.models()} - {self.name}
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
                f"The vLLM server did not answer {route} ({type(error).__name__}).{self.last_lines()}"
            ) from error

    def _ask(self, method: str, route: str, body: Any = None, *, seconds: float = ANSWER_SECONDS) -> httpx.Response:
        return self._client.request(method, self.url + route, json=body, timeout=seconds)

    def is_ready(self, seconds: float = ANSWER_SECONDS) -> bool:
        """Whether the server answers in time and is the one that was started: another may have taken the port."""
        try:
            return self._ask("GET", "/health", seconds=seconds).status_code == 200 and any(
                m.get("id") == self.name for m in self.models()
            )
        except (httpx.HTTPError, EngineError):
            return False

    def follow(self) -> None:
        """Write what the server printed since this was last called into this process's log: the job's."""
        with self._following, suppress(OSError), (self.folder / "log.txt").open("rb") as file:
            file.seek(self._followed)
            new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._followed += len(whole)
            for line in whole.decode("utf-8", "replace").splitlines():
                log.info("vLLM: %s", line.rstrip())

    def last_lines(self) -> str:
        """Its last lines, for an error."""
        with suppress(OSError):
            lines = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines()
            if last := [line.strip() for line in lines if line.strip()][-LAST_LINES:]:
                return " Its last lines:\n" + "\n".join(last)
        return ""


def fingerprint(folder: Path, patterns: Sequence[str]) -> str:
    """Tells a folder's files from others that were written into the same folder."""
    files = sorted({file for pattern in patterns for file in folder.glob(pattern)})
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.blake2b(repr((str(folder), stats)).encode(), digest_size=8).hexdigest()
