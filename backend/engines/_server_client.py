"""Asks a model server that Rondo started, for several threads at a time, and starts it again where it dies."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from threading import Lock
from typing import TypeVar

from backend.config import settings
from backend.engines import _completions
from backend.engines._deaths import Deaths
from backend.engines._http import EndpointClient
from backend.engines._in_flight import RequestGivenUp
from backend.engines._refusals import Refusal
from backend.engines._replies import OddReply
from backend.engines._server import Server
from backend.engines._server_start import ServerRequest, hold
from backend.errors import EngineError, MissingPrerequisite, PromptError
from backend.values import JSON, Failure, FailureKind

T = TypeVar("T")


class ServerClient:
    """A hold on a server with the way to it; made with one, and to be closed."""

    def __init__(self, wanted: ServerRequest, adapter: str | None, *, connections: int, timeout: float) -> None:
        """adapter: the folder of one that is put on the server's model. Raises what `hold` does."""
        self._wanted, self._adapter = wanted, adapter
        self._connections, self._timeout = connections, timeout
        self._deaths = Deaths()
        self._changing = Lock()
        """Held while the way to the server is changed or given up, so that none is opened afterwards."""
        self._has_ended = False
        self._server: Server | None = None
        self._endpoint: EndpointClient | None = None
        self._model = ""
        self.context: int | None = None
        """Tokens of prompt and text together, as the server says."""
        self._connect()

    @property
    def server(self) -> Server:
        assert self._server is not None
        return self._server

    def close(self) -> None:
        if self._server is not None:
            self._server.follow()
        self._let_go()

    def give_up(self, *, at_once: bool) -> None:
        """Ask nothing more, for whatever thread, and start no server again. at_once: what is under way is cancelled."""
        with self._changing:
            self._has_ended = True
            if self._endpoint is not None:
                self._endpoint.give_up(at_once=at_once)

    def together(
        self, bodies: dict[int, JSON], read: Callable[[JSON], T], *, alone: bool = False
    ) -> dict[int, T | Failure]:
        """What is read out of the reply to each request, or why there is none. Raises `EngineError`.

        A server that died is started again, and what it had not answered is asked anew: the same seeds, the same texts.
        alone: one after the other, and nobody else's meanwhile, where the server needs that.
        """
        # Prompts with the same beginning one after the other: the server keeps what it computed of a beginning.
        order = sorted(bodies, key=lambda position: bodies[position]["prompt"])
        return self._deaths.outlive(
            order,
            lambda positions, by_itself: self._once(
                {n: bodies[n] for n in positions}, read, alone=alone, by_itself=by_itself
            ),
            lambda: self.server,
            self._reconnect,
        )

    def _connect(self) -> None:
        """Find or start the server, put the adapter on it, and open the way to it."""
        with ExitStack() as undone:
            undone.callback(self._let_go)
            try:
                self._find()
            except EngineError:
                if self._server is None or not self._server.is_down():
                    raise
                # It ended just as it was found: the next one is a new one.
                self._let_go()
                self._find()
            endpoint = EndpointClient(
                f"{self.server.url}/v1/completions",
                key=self.server.key,
                timeout=self._timeout,
                max_retries=2,
                retry_seconds=0.25,
                connections=self._connections,
                is_reply=_completions.is_reply,
                by_proxies=False,
            )
            undone.callback(endpoint.close)
            with self._changing:
                self._check()
                self._endpoint = endpoint
            undone.pop_all()

    def _find(self) -> None:
        config = settings()
        self._server = hold(
            self._wanted,
            seconds=config.vllm_start_seconds,
            idle_seconds=config.vllm_idle_seconds,
            check=self._check,
        )
        self._model = self._server.name if self._adapter is None else self._server.adapter(self._adapter)
        self.context = self._server.context

    def _let_go(self) -> None:
        with self._changing:
            endpoint, server = self._endpoint, self._server
            self._endpoint = self._server = None
        try:
            if endpoint is not None:
                endpoint.close()
        finally:
            if server is not None:
                server.close()

    def _reconnect(self) -> None:
        self._check()
        self._let_go()
        self._connect()

    def _check(self) -> None:
        """Raise `RequestGivenUp` where nothing more is to be asked."""
        if self._has_ended:
            raise RequestGivenUp

    def _once(
        self, bodies: dict[int, JSON], read: Callable[[JSON], T], *, alone: bool, by_itself: bool
    ) -> dict[int, T | Failure | EngineError]:
        """Ask once; after an error the rest is given up, and has no answer.

        by_itself: nobody else asks the server meanwhile, and one that is dead before is not asked.
        """
        self._check()
        endpoint, server = self._endpoint, self.server
        assert endpoint is not None
        most = 1 if alone and server.is_on_cpu else None
        with server.turn(alone=alone, by_itself=by_itself, check=self._check):
            if by_itself and not server.is_ready():
                return {}
            results = endpoint.together([partial(self._ask, endpoint, body, read) for body in bodies.values()], most)
        ended = {n: result for n, result in zip(bodies, results, strict=True) if not isinstance(result, RequestGivenUp)}
        answers: dict[int, T | Failure | EngineError] = {}
        for n, outcome in ended.items():
            if isinstance(outcome, Exception) and not isinstance(outcome, EngineError):
                raise outcome
            answers[n] = outcome
        return answers

    async def _ask(self, endpoint: EndpointClient, body: JSON, read: Callable[[JSON], T]) -> T | Failure:
        try:
            reply = await endpoint.post({**body, "model": self._model})
            if isinstance(reply, Refusal):
                kind = FailureKind.context if reply.is_context else FailureKind.refused
                return Failure(kind, f"vLLM refused the request with status {reply.status}: {reply.message}")
            return read(reply)
        except OddReply as error:
            return Failure(FailureKind.reply, f"The reply of vLLM cannot be read: {error}.")
        except PromptError as error:
            return Failure(FailureKind(error.kind), error.message)
        except MissingPrerequisite as error:  # the key is Rondo's own
            raise EngineError(
                f"{endpoint.url} refuses the key that its vLLM server was started with: another program may have taken "
                "its port. Resume the job."
            ) from error
