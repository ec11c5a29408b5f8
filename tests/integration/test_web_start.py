"""`rondo up` as a process of its own: what it answers while it starts, and that nothing stays behind."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import opening, signin
from tests.integration.test_web_cli import environment
from tests.waiting import until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def start(folder: Path, tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], dict[str, Any]]]]:
    started: list[subprocess.Popen[str]] = []

    def up(*arguments: str, program: Sequence[str] = ("-m", "app.cli")) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        with (tmp_path / "stderr").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, *program, *arguments, "--json"],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=tmp_path,
                env=environment(folder),
            )
        started.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield up
    for process in started:
        process.kill()
        with process:  # waits, and closes the pipe
            pass


HELD = """
import time
from pathlib import Path

from app import gradio_pages
from app.cli import main

complete = gradio_pages.complete


def held(*arguments):
    while not Path("go").exists():
        time.sleep(0.05)
    complete(*arguments)


gradio_pages.complete = held
main()
"""
"""`rondo`, whose pages but the first are made once there is a file `go`."""


def components_of(answer: httpx.Response) -> list[tuple[int, str]]:
    """What the page's document holds of Gradio's."""
    config, _ = json.JSONDecoder().raw_decode(answer.text.partition("window.gradio_config = ")[2])
    return [(component["id"], component["type"]) for component in config["components"]]


def children(process_id: int) -> list[str]:
    """The processes that it started and that still run."""
    return [child for file in Path(f"/proc/{process_id}/task").glob("*/children") for child in file.read_text().split()]


def test_up_prints_one_address_that_lets_in_once_and_ctrl_c_ends_it(start: Any, folder: Path) -> None:
    process, first = start("up", "--port", "0", "--no-worker")
    assert first["address"].startswith("http://127.0.0.1:")
    path = first["link"].removeprefix(first["address"])
    with httpx.Client(base_url=first["address"], timeout=120) as client:
        assert client.get("/healthz").text == "ok"
        assert client.get("/api/v1/me").status_code == 401
        assert client.post(path).status_code == 303
        assert client.get("/api/v1/me").json()["is_owner"] is True
        assert client.post(path).status_code == 410
        with client.stream("GET", "/gradio_api/heartbeat/x"):  # an open page must not hold it up
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
            assert process.wait(120) == 0
    assert not (folder / "rondo.db-wal").exists(), "all of the database is in its file"
    assert (folder / "secret.key").stat().st_mode & 0o777 == 0o600


EVENTS = {"Accept": "text/event-stream"}
UPLOAD = b"POST /api/v1/projects HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\nContent-Length: 999\r\n\r\n{"


@pytest.mark.parametrize("head", [EVENTS, {}], ids=["event stream", "any stream"])
def test_ctrl_c_is_quiet_with_streams_open_and_a_body_on_its_way(start: Any, tmp_path: Path, head: Any) -> None:
    """A page that is shown holds an event stream; a request that ends never is left after a moment."""
    process, first = start("up", "--port", "0", "--no-worker")
    address = httpx.URL(first["address"])
    with httpx.Client(base_url=address, timeout=120) as client:
        client.post(first["link"].removeprefix(first["address"]))
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        with (
            client.stream("GET", "/gradio_api/heartbeat/x", headers=head) as opened,
            socket.create_connection((address.host, address.port or 80)) as sending,
        ):
            assert opened.status_code == 200
            sending.sendall(UPLOAD % cookies.encode())
            assert client.get("/healthz").text == "ok"
            process.send_signal(signal.SIGINT)
            assert process.wait(120) == 0
    log = (tmp_path / "stderr").read_text()
    assert "Application shutdown complete" in log
    assert [line for line in log.splitlines() if "Traceback" in line or " ERROR " in line] == [], log


def test_up_shows_its_start_page_before_the_others_and_leaves_no_process_behind(start: Any, tmp_path: Path) -> None:
    process, first = start("up", "--port", "0", program=("-c", HELD))
    with httpx.Client(base_url=first["address"], timeout=120) as client, ThreadPoolExecutor(2) as people:
        assert signin.STILL_OPENING in client.get(first["link"].removeprefix(first["address"])).text
        assert client.post(first["link"].removeprefix(first["address"])).status_code == 303
        page = client.post("/welcome", data={"name": "Mine"}).headers["location"]
        components = components_of(client.get(page))
        waiting = [
            people.submit(client.get, f"{page}round"),
            people.submit(client.post, f"{page}gradio_api/queue/join"),
        ]
        assert components_of(client.get(page)) == components != []
        assert client.get("/theme.css").status_code == 200
        assert client.get("/readyz").json()["problems"] == [opening.OPENING]
        assert [answer.result().text for answer in waiting if answer.done()] == []
        (tmp_path / "go").touch()
        assert components_of(waiting[0].result()) != components
        assert waiting[1].result().status_code < 500
        assert components_of(client.get(page)) == components
        until(lambda: client.get("/readyz").status_code == 200, "the worker")
    until(lambda: children(process.pid), "the process that waits for a job")
    begun = children(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0
    assert [child for child in begun if Path(f"/proc/{child}").exists()] == []


def test_up_ends_in_the_middle_of_its_start(start: Any) -> None:
    process, first = start("up", "--port", "0")
    with socket.create_connection(("127.0.0.1", int(first["address"].rpartition(":")[2]))) as waiting:
        waiting.sendall(b"GET /theme.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) in (0, -signal.SIGTERM)
