"""Servers of Rondo's own: shared, waited for, ended when idle, and nothing of them left however somebody dies.

Against a process that stands for vLLM, started by the very code that starts vLLM.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend import lifeline
from backend.config import reread, settings
from backend.engines import _keeper, _server_folders, _server_start
from backend.engines._server import Server
from backend.engines._server_start import ServerRequest
from backend.errors import EngineError, MissingPrerequisite
from tests.vllm_server import FakeVLLM, fake_vllm, lives, parent_of, until

HOLDER = """
import sys, time
from backend.config import settings
from backend.engines._server_start import ServerRequest, hold
server = hold(ServerRequest("m", (), settings().vllm_python), seconds=60, idle_seconds=60)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def vllm(tmp_path: Path) -> Iterator[FakeVLLM]:
    with fake_vllm(tmp_path / "fake", data=tmp_path / "data") as fake_vllms:
        yield fake_vllms


def held(model: str = "m", *options: str, seconds: float = 60, idle_seconds: float = 60) -> Server:
    return _server_start.hold(
        ServerRequest(model, options, settings().vllm_python), seconds=seconds, idle_seconds=idle_seconds
    )


def adapter(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}")
    return folder


def test_a_server_is_waited_for_and_shared_by_all_who_want_the_same(
    vllm: FakeVLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "a secret of the worker")
    vllm.tell(start_seconds=0.5)
    first, second = held(), held()
    assert (first.url, first.key) == (second.url, second.key)
    assert first.context == 256
    assert len(vllm.servers) == 1
    assert {"--model", "m", "--enforce-eager"} <= set(vllm.noted("started")[0])
    # Nobody else sees its key, and no variable of the worker is written down.
    paths = [Path(f"/proc/{pid}/cmdline") for pid in vllm.servers]
    places = [*paths, *(path for path in first.folder.rglob("*") if path.is_file() and path.name != "spec.json")]
    assert not [place for place in places if first.key.encode() in place.read_bytes()]
    spec = first.folder / "spec.json"
    assert "a secret of the worker" not in spec.read_text()
    assert (spec.stat().st_mode & 0o777, first.folder.parents[2].stat().st_mode & 0o777) == (0o600, 0o700)
    assert not first.folder.is_relative_to(settings().folder)  # of which there are backups
    _server_folders.stop(first.folder)
    assert not spec.exists()
    first.close()
    second.close()


def test_a_server_of_another_model_takes_the_place_of_one_that_nobody_uses(vllm: FakeVLLM) -> None:
    held("one").close()
    used = held("two")
    other = held("three")
    assert [lives(pid) for pid in vllm.servers] == [False, True, True]
    used.close()
    other.close()


def test_an_idle_server_ends_with_all_its_processes(vllm: FakeVLLM) -> None:
    server = held(idle_seconds=0.3)
    assert len(vllm.running()) == 2
    server.close()
    assert until(lambda: not vllm.running())


def test_idle_servers_on_a_gpu_end_before_a_training(vllm: FakeVLLM) -> None:
    held("on the cpu").close()
    vllm.tell(device="gpu")
    used = held("used")
    held("idle").close()
    assert "--enforce-eager" not in vllm.noted("started")[1]
    _server_folders.free_gpus()
    assert [lives(pid) for pid in vllm.servers] == [False, True, False]
    used.close()
    _server_folders.free_gpus()
    assert not vllm.running()


@pytest.mark.parametrize("whom", ["the server", "its keeper"])
def test_nothing_is_left_when_one_of_them_is_killed(vllm: FakeVLLM, whom: str) -> None:
    server = held()
    keeper = parent_of(vllm.servers[0])
    os.kill(vllm.servers[0] if whom == "the server" else keeper, signal.SIGKILL)
    assert until(lambda: not vllm.running() and not lives(keeper))
    assert server.is_down()
    server.close()


def test_what_outlived_server_and_keeper_is_ended_before_the_next_start(vllm: FakeVLLM) -> None:
    server = held()
    first = vllm.servers[0]
    keeper, core = parent_of(first), vllm.running()[1]
    os.kill(keeper, signal.SIGSTOP)  # so that neither sees the other one die
    os.kill(first, signal.SIGKILL)
    os.kill(keeper, signal.SIGKILL)
    assert until(lambda: not lives(keeper) and not lives(first))
    assert lives(core)
    server.close()
    held().close()
    assert not lives(core)


def test_nothing_is_left_when_the_process_that_started_it_is_killed(vllm: FakeVLLM) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        keeper = parent_of(vllm.servers[0])
        holder.kill()
    assert until(lambda: not vllm.running() and not lives(keeper))


def test_a_server_outlives_a_job_and_ends_with_its_worker(vllm: FakeVLLM) -> None:
    """The job is killed, its worker lives: the pipe is the worker's, which here is this process."""
    environment = os.environ | lifeline.environment()
    job = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(
        job, stdout=subprocess.PIPE, text=True, env=environment, pass_fds=[lifeline.pipe()], start_new_session=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    server = held()
    assert len(vllm.servers) == 1
    server.close()
    lifeline.cut()
    assert until(lambda: not vllm.running())


def test_a_server_that_cannot_start_says_why(vllm: FakeVLLM) -> None:
    vllm.tell(start_error="ValueError: no such architecture")
    with pytest.raises(EngineError, match=r"(?s)ended before it answered.*no such architecture.*RONDO_VLLM_OPTIONS"):
        held()
    vllm.tell(start_seconds=60)
    with pytest.raises(EngineError, match=r"(?s)did not answer within 0.5 seconds.*RONDO_VLLM_START_SECONDS"):
        held(seconds=0.5)
    assert until(lambda: not vllm.running())


def test_a_port_that_is_taken_meanwhile_is_left_for_another(vllm: FakeVLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = [other.getsockname()[1]]
        free = _server_start._free_port
        monkeypatch.setattr(_server_start, "_free_port", lambda: ports.pop() if ports else free())
        server = held()
    assert server.is_ready()
    assert len(vllm.servers) == 2
    server.close()


def test_a_start_that_nobody_waits_for_any_more_ends_at_once(vllm: FakeVLLM) -> None:
    """The job was cancelled: its process is gone, its worker lives."""
    vllm.tell(start_seconds=600)
    environment = os.environ | lifeline.environment()
    with subprocess.Popen([sys.executable, "-c", HOLDER], env=environment, pass_fds=[lifeline.pipe()]) as holder:
        assert until(lambda: len(vllm.running()) == 2, 30)
        holder.kill()
    assert until(lambda: not vllm.running())
    assert not [*_server_folders.home().glob("*/spec.json")]


def test_what_another_worker_starts_stays_and_what_a_dead_one_left_goes(vllm: FakeVLLM) -> None:
    """One whose name begins with this one's, too."""
    others = [_server_folders.home().with_name(_server_folders.home().name + more) for more in ("-2", "-3", "-4")]
    for other in others:
        (other / "key").mkdir(parents=True)
        (other / "key" / "spec.json").write_text("{}")
    starts = _keeper.lock(others[0] / "starting")
    uses = _keeper.lock(others[1] / "key" / "users")
    assert starts is not None
    assert uses is not None
    with starts, uses:
        held().close()
        assert [(entry / "key").exists() for entry in others] == [True, True, False]
    assert not others[2].exists()


def test_a_server_whose_model_was_written_anew_is_another_one(tmp_path: Path) -> None:
    wanted = ServerRequest(str(tmp_path), (), "python")
    weights = tmp_path / "model.safetensors"
    weights.write_text("one")
    before = wanted.key
    weights.write_text("other")
    assert wanted.key != before


def test_a_python_without_vllm_is_refused_with_the_way_out(vllm: FakeVLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    for python, reply in ((sys.executable, "has no vLLM.*RONDO_VLLM_PYTHON"), ("/nowhere/python", "cannot be run")):
        monkeypatch.setenv("RONDO_VLLM_PYTHON", python)
        reread()
        with pytest.raises(MissingPrerequisite, match=reply):
            held()


def test_adapters_are_swapped_in_a_running_server(vllm: FakeVLLM, tmp_path: Path) -> None:
    """Twenty times: one server, and never more adapters in it than are used."""
    folders = [adapter(tmp_path / f"adapter {n}") for n in range(20)]
    reference = held("m", "--enable-lora")
    kept = reference.adapter(str(folders[0]))
    names = set()
    for folder in folders:
        server = held("m", "--enable-lora")
        names.add(server.adapter(str(folder)))
        assert {model["id"] for model in server.models()} >= {server.name, kept}
        assert len(server.models()) <= 3  # the base, the one that is held, the one that is asked
        server.close()
    assert len(names) == 20
    assert (len(vllm.servers), len(vllm.noted("loaded")), len(vllm.noted("unloaded"))) == (1, 20, 18)
    with pytest.raises(EngineError, match="does not load the adapter"):
        reference.adapter(str(tmp_path))
    reference.close()
