"""What the web process with its embedded worker costs while nobody is there; and from a launch to its first request.

The endpoint is one of this process that answers at once. Asked: under 1 % of a core; under 1 second.
"""

import argparse
import json
import os
import signal
import statistics
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.bench.web_process import start

SETTLES = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> dict[str, float]:
    """Of each thread of the process, by its number; of processes that it started none."""
    result = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        result[task.name] = (int(fields[11]) + int(fields[12])) / TICKS
    return result


def idle(pid: int, seconds: float) -> None:
    """Print what share of a core it takes, and how many of its threads take most of that."""
    time.sleep(SETTLES)
    before = Counter(processor_seconds(pid))
    time.sleep(seconds)
    after = Counter(processor_seconds(pid))
    shares = sorted(((after[entry] - before[entry]) / seconds for entry in after), reverse=True)
    busiest = ", ".join(f"{100 * share:.2f}" for share in shares[:4])
    print(
        f"idle for {seconds:.0f} s: {100 * sum(shares):.2f} % of a core (asked: under 1); busiest threads {busiest} %"
    )


class Answering(BaseHTTPRequestHandler):
    """Notes when it is asked for a text."""

    asked: list[float] = []

    def do_POST(self) -> None:
        self.asked.append(time.perf_counter())
        self.rfile.read(int(self.headers["content-length"]))
        choice = {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
        self._answer({"choices": [choice]})

    def do_GET(self) -> None:
        self._answer({"data": [{"id": "m"}]})

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def launches(folder: str, repeats: int) -> None:
    """Launch rounds whose policy is the endpoint, from this process: the running worker takes their jobs."""
    os.environ["RONDO_DATA_DIR"] = folder
    from backend.config import reread
    from backend.db import dispose
    from tests.bench import idle_round

    reread()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    launch = idle_round.prepared(f"http://127.0.0.1:{server.server_port}/v1")
    taken = []
    for _ in range(repeats):
        Answering.asked.clear()
        launched = time.perf_counter()
        round_id = launch()
        while not Answering.asked:
            time.sleep(0.005)
        taken.append(Answering.asked[0] - launched)
        idle_round.stop(round_id)
    text = ", ".join(f"{entry:.2f}" for entry in taken)
    print(f"from launch to the first request: median {statistics.median(taken):.2f} s of {text} (asked: under 1)")
    server.shutdown()
    dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        process, _ = start(folder)
        try:
            idle(process.pid, asked.seconds)
            launches(folder, asked.repeats)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


if __name__ == "__main__":
    main()
