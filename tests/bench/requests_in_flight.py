"""A generate stage and a judge stage by an endpoint, rows written, against bare aiohttp with as many in flight.

    python -m tests.bench.requests_in_flight                     400 requests, 16 and 64 in flight
    python -m tests.bench.requests_in_flight --requests 4000     where the ends of a stage weigh less

The endpoint answers from a process of its own: each request after 50 ms, or after a time that is lognormal with a mean
of 150 ms (sigma 1: one in a hundred takes 0.9 s). The n-th request of both sides takes as long.
"""

import argparse
import asyncio
import itertools
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.noted_requests import noting
from tests.bench.place import data_folder, run_stage

CONSTANT, MEAN, SIGMA = 0.05, 0.15, 1.0
TEXT = "The answer is right, and its reason is given.\nScore: 4"


def seconds_of(how: str, requests: int) -> Iterator[float]:
    """How long the endpoint takes for one request after the other: the same again after so many."""
    drawn = random.Random(1)
    each = [drawn.lognormvariate(math.log(MEAN) - SIGMA**2 / 2, SIGMA) for _ in range(requests)]
    return itertools.cycle(each if how == "lognormal" else [CONSTANT])


class Answering(asyncio.Protocol):
    """As little of HTTP as a client needs, so that the endpoint is not what is measured."""

    def __init__(self, seconds: Iterator[float]) -> None:
        self.seconds, self.rest = seconds, b""
        message = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}
        usage = {"prompt_tokens": 10, "completion_tokens": 12}
        content = json.dumps({"choices": [message], "usage": usage}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self.reply = head.encode() + content

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.rest += data
        end = self.rest.find(b"\r\n\r\n")
        head = self.rest[: max(end, 0)].lower()
        _, part, length = head.partition(b"content-length:")
        whole = end + 4 + int(length.split(b"\r\n")[0]) if part else end + 4
        if end < 0 or len(self.rest) < whole:
            return
        self.rest = self.rest[whole:]
        assert isinstance(self.transport, asyncio.WriteTransport)
        asyncio.get_running_loop().call_later(next(self.seconds), self.transport.write, self.reply)


async def serve(how: str, requests: int) -> None:
    """Answer until killed; the port stands on standard output."""
    seconds = seconds_of(how, requests)
    server = await asyncio.get_running_loop().create_server(lambda: Answering(seconds), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def serving(how: str, requests: int) -> Iterator[str]:
    """An endpoint in a process of its own; yields its address."""
    command = [sys.executable, "-m", "tests.bench.requests_in_flight", "--serve", how, "--requests", str(requests)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


async def bare(url: str, bodies: list[dict[str, object]], most: int) -> float:
    """Seconds of the same requests by aiohttp, so many in flight, replies parsed, and nothing kept."""
    import aiohttp

    places = asyncio.Semaphore(most)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=most)) as session:

        async def ask(body: dict[str, object]) -> None:
            async with places, session.post(f"{url}/chat/completions", json=body) as reply:
                json.loads(await reply.read())["choices"][0]["message"]["content"]

        started = time.perf_counter()
        await asyncio.gather(*map(ask, bodies))
        return time.perf_counter() - started


def bodies_of(round_id: int, requests: int, what: str) -> list[dict[str, object]]:
    """Requests as long as those of a stage."""
    long = "Judge this text by a rubric of five points, one after the other. " * (1 if what == "generate" else 20)
    ask = {"model": "m", "max_tokens": 16, "logprobs": True}
    return [
        {**ask, "messages": [{"role": "user", "content": f"{long} {round_id} {n}"}], "seed": n} for n in range(requests)
    ]


def compare(how: str, most: int, *, requests: int, repeats: int, batch: int) -> None:
    """Print both in turn, and the ratio of the medians, for each of the two stages."""
    from backend.services import rounds
    from tests.bench.workers import prepared

    with data_folder(), serving(how, requests) as url:
        actor, project_id, plan = prepared(url, requests, most, n=1, batch=batch)
        through: dict[str, list[float]] = {"generate": [], "judge": []}
        around: dict[str, list[tuple[float, float]]] = {"generate": [], "judge": []}
        alone: dict[str, list[float]] = {"generate": [], "judge": []}
        for number in range(repeats + 1):
            round_id = rounds.launch(actor, project_id, plan)
            for what in through:
                with noting() as noted:
                    seconds = run_stage(round_id)
                    ends = noted.around(time.perf_counter())
                beside = asyncio.run(bare(url, bodies_of(round_id, requests, what), most))
                if number:  # the first one loads the libraries
                    through[what].append(seconds)
                    around[what].append(ends)
                    alone[what].append(beside)
    for what in through:
        ours, theirs = statistics.median(through[what]), statistics.median(alone[what])
        before, after = (statistics.median(seconds) for seconds in zip(*around[what], strict=True))
        print(
            f"{what}, {requests} requests, {how}, {most} in flight, {repeats} times in turn: through Rondo, rows "
            f"written, {ours:.3f} s, of which {before:.3f} s before the first request and {after:.3f} s after the last "
            f"reply, {requests / ours:.0f} requests/s; bare aiohttp {theirs:.3f} s, "
            f"{requests / theirs:.0f} requests/s; ratio {theirs / ours:.2f}; load {os.getloadavg()[0]:.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--batch", type=int, default=64, help="prompts of a batch")
    parser.add_argument("--repeats", type=int, default=5, help="how often each is timed")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve is not None:
        asyncio.run(serve(asked.serve, asked.requests))
        return
    for how in ("constant", "lognormal"):
        for most in asked.in_flight:
            compare(how, most, requests=asked.requests, repeats=asked.repeats, batch=asked.batch)


if __name__ == "__main__":
    main()
