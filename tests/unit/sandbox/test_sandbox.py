"""What a call of a program comes to, and that a hostile program is neither believed nor able to do harm."""

import os
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend import sandbox
from backend.sandbox import Call, Ending, Limits, _bubblewrap, reading

pytestmark = pytest.mark.usefixtures("sandboxed")
QUICK = Limits(seconds=1, wall_seconds=60)
"""Of the processor's time, which says the same on a busy machine; the clock on the wall ends sleepers alone."""
SLEEPER = Limits(seconds=1, wall_seconds=1)
WRITES = """
import os
def f(x):
    for number in range(3, 20):
        try: os.write(number, {reply!r})
        except OSError: pass
    os._exit(0)
"""
PATCHES = """
import builtins, json, os, sys
class Same(int):
    def __eq__(self, other): return True
builtins.print("passed")
json.dumps = lambda *_, **__: '{"value": 4}'
def f(x): return Same(4)
"""
FORGES = """
import os
def f(x):
    for number in range(3, 20):
        try: os.write(number, b'{"value": 5}\\n{"passed": true, "value": 4}\\n')
        except OSError: pass
    os._exit(0)
"""


def call_result(program: str, *args: object) -> sandbox.CallResult:
    ((answer,),) = sandbox.run_all([(program, [Call("f", args or (1,))])], SLEEPER if "sleep(" in program else QUICK)
    return answer


def test_plain_values_come_back_as_they_are() -> None:
    values = [None, True, 2**80, 1.5, "a\n\ud800", b"\xff", (1, [2]), {1, 2}, frozenset({3}), {"a": {1: ()}}, 1j]
    calls = [*(Call("f", (value,)) for value in values), Call("f", kwargs=(("x", 3),)), Call("g")]
    *call_results, named, missing = sandbox.run("def f(x): return x", calls)
    assert [answer.value for answer in call_results] == values
    assert [type(answer.value) for answer in call_results] == list(map(type, values))
    assert named.value == 3
    assert (missing.ending, missing.message) == (Ending.crash, "NameError: g is not defined")


def test_threads_share_the_places_of_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs beside a program takes time from it, so that is bounded whoever asks."""
    at_work, most, lock = 0, [0], threading.Lock()
    enter, leave = sandbox._Box.__enter__, sandbox._Box.__exit__

    def entered(box: sandbox._Box) -> sandbox._Box:
        nonlocal at_work
        with lock:
            at_work += 1
            most.append(at_work)
        return enter(box)

    def left(box: sandbox._Box, *error: object) -> None:
        nonlocal at_work
        leave(box, *error)
        with lock:
            at_work -= 1

    monkeypatch.setattr(sandbox._Box, "__enter__", entered)
    monkeypatch.setattr(sandbox._Box, "__exit__", left)
    jobs = [("def f(x): return x", [Call("f", (n,))]) for n in range(sandbox.MOST_AT_ONCE + 1)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(sandbox.run_all, [jobs, jobs]))
    assert [[call.value for (call,) in run] for run in results] == [[*range(len(jobs))]] * 2
    assert max(most) <= sandbox.MOST_AT_ONCE


@pytest.mark.parametrize(
    ("program", "ending"),
    [
        ("def f(x): return 1 / 0", Ending.crash),
        ("def f(x: return 1", Ending.crash),
        ("import os\nos._exit(0)\ndef f(x): return 4", Ending.crash),
        ("def f(x): return object()", Ending.crash),
        ("def f(x): return [0] * 100_000", Ending.crash),
        ("def f(x): return 'a' * 10**9", Ending.crash),
        ("def f(x):\n while True: pass", Ending.timeout),
        ("import time\ndef f(x): time.sleep(60)", Ending.timeout),
        ("import random\ndef f(x): return random.random()", Ending.flaky),
        ("def f(x): return list({'a', 'b', 'c', 'd', 'e'})", Ending.flaky),
        ("import os\ndef f(x): return os.fork()", Ending.forbidden),
        ("import os\ndef f(x):\n while True: os.fork()", Ending.forbidden),
        ("import socket\ndef f(x): return socket.socket()", Ending.forbidden),
        ("import subprocess\ndef f(x): return subprocess.run('true')", Ending.forbidden),
        ("def f(x):\n try: open('/tmp/a', 'w')\n except Exception: return 4", Ending.forbidden),
        ("def f(x): return (lambda s: s(s))(lambda s: s(s))", Ending.crash),
    ],
)
def test_reasons_are_told_apart(program: str, ending: Ending) -> None:
    assert call_result(program).ending is ending


def test_a_call_that_ends_the_process_leaves_the_others_as_they_are() -> None:
    program = "import os\nn = 0\ndef f(x):\n global n\n n += 1\n return os._exit(0) if x == 2 else (x, n)"
    call_results = sandbox.run(program, [Call("f", (x,)) for x in (1, 2, 3, 1)], QUICK)
    assert [answer.value for answer in call_results] == [(1, 1), None, (3, 1), (1, 1)], "it is run anew for each call"


@pytest.mark.parametrize("program", [PATCHES, FORGES, "print('passed')\nraise SystemExit(0)"])
def test_a_program_cannot_say_that_it_passed(program: str) -> None:
    (check,) = reading.checks_of("assert f(1) == 7")
    call_results = sandbox.run(program, [check.call] * 3, QUICK)
    assert [check.holds(answer) for answer in call_results] == [False] * 3, "what is right is compared outside"


@pytest.mark.parametrize(
    "value",
    [b'["c", 1' + b"0" * 400 + b", 0]", b'["s", ["l"]]', b'[["l"], 1]', b"[" * 9000, b'["d", [1]]', b"{}", b"1" * 5000],
)
def test_a_forged_value_that_is_none_is_a_crash_of_the_program(value: bytes) -> None:
    program = WRITES.format(reply=b'{"value": ' + value + b"}\n")
    ((answer,),) = [sandbox.run(program, [Call("f", (1,))], QUICK)]
    assert (answer.ending, answer.value) == (Ending.crash, None)


def test_a_program_that_takes_too_long_again_and_again_is_not_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MOST_TIMEOUTS", 1)
    program = "def f(x):\n while x: pass\n return 7"
    call_results = sandbox.run(program, [Call("f", (x,)) for x in (0, 1, 0, 0)], QUICK)
    assert [answer.ending for answer in call_results] == [Ending.value, *[Ending.timeout] * 3]
    assert "not run" in call_results[-1].message


def test_a_program_sees_nothing_of_what_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    looks = "import os, sys\ndef f(x): return sorted(os.environ), sys.argv"
    (answer,) = sandbox.run(looks, [Call("f", (1,))])
    assert set(answer.value[0]) <= {"LANG", "PATH", "PYTHONHASHSEED", "LC_CTYPE", "PWD"}
    assert answer.value[1] == ["/box/_inside.py"]


def inside(code: str) -> tuple[int, str]:
    """Run code in the bare sandbox, without the audit hook that tells a program why it is refused."""
    with _bubblewrap.filtered() as descriptor:
        done = subprocess.run(
            _bubblewrap.command(shutil.which("bwrap") or "bwrap", descriptor, ("-c", code)),
            pass_fds=(descriptor,),
            env=_bubblewrap.environment(0),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    return done.returncode, done.stdout.strip()


TRY = """
import os
def tried(what):
    try: what()
    except OSError as error: return error.errno
    return "done"
"""


def test_the_sandbox_alone_holds_a_program_back(tmp_path: Path) -> None:
    secret = tmp_path / "rondo.db"
    secret.write_text("private")
    code = (
        TRY
        + f"""
import _socket, glob
def fill():
    with open("/tmp/a", "wb") as file:
        for _ in range(64): file.write(b"a" * 2**20)
print([
    tried(lambda: open({str(secret)!r})), tried(lambda: os.listdir({str(tmp_path)!r})), os.path.exists("/proc/1"),
    tried(lambda: open("/etc/passwd")), tried(lambda: open("/a", "w")), tried(lambda: open("/box/a", "w")),
    tried(lambda: open("/usr/lib/a", "w")), tried(lambda: _socket.socket(2, 1)), tried(lambda: _socket.socket(1, 1)),
    tried(os.fork), tried(fill), os.getuid(), os.getppid() < 10, sorted(os.listdir("/dev")),
    tried(lambda: os.setuid(0)), tried(lambda: os.memfd_create("a")), tried(lambda: os.kill(os.getppid(), 9)),
])
"""
    )
    returned, text = inside(code)
    assert returned == 0
    assert text == (
        "[2, 2, False, 2, 30, 30, 30, 1, 1, 1, 28, 65534, True, ['null'], 22, 1, 'done']"
        if "'done']" in text
        else "[2, 2, False, 2, 30, 30, 30, 1, 1, 1, 28, 65534, True, ['null'], 22, 1, 1]"
    )


def test_what_ran_is_gone_when_the_call_is_over() -> None:
    mark = f"sandbox-mark-{os.getpid()}"
    start = time.monotonic()
    assert call_result(f"import time\nmark = {mark!r}\ndef f(x): time.sleep(600)").ending is Ending.timeout
    assert time.monotonic() - start < 60
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    names = [Path(f"/proc/{child}/comm").read_text().strip() for child in children if Path(f"/proc/{child}").exists()]
    assert "bwrap" not in names
