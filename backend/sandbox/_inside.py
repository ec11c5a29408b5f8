"""The process in the sandbox: runs a program and answers calls of its functions, a JSON line each.

It is told neither what a right answer is nor whether one was right. Once the program runs, nothing that comes out of
here can be believed: a forged reply is an answer like any other, and is compared outside.
"""

import json
import os
import resource
import sys
from typing import Any

import _wire  # type: ignore[import-not-found]  # lies beside this file there

FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.kill",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "shutil.",
    "ctypes.",
    "pty.",
    "mmap.",
    "signal.pthread_kill",
)
"""Audit events (docs.python.org, "Audit events table") that a program has no use for. They tell why it was refused;
what holds it back is the sandbox."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
MOST_SAID = 200


def main() -> None:
    requests, replies = os.fdopen(os.dup(0), "rb"), os.dup(1)
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    header = json.loads(requests.readline())
    limit(header)
    seen: list[str] = []
    send(replies, {"ready": True})
    sys.addaudithook(watch(seen))
    for line in requests:
        resource.setrlimit(resource.RLIMIT_CPU, (used() + header["seconds"], header["all_seconds"]))
        send(replies, answer(header["program"], json.loads(line), seen))


def limit(header: dict[str, Any]) -> None:
    """Limits that no process can raise again."""
    memory, file = header["memory_bytes"], header["file_bytes"]
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_NPROC, 1),
    ):
        resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (header["all_seconds"], header["all_seconds"]))


def used() -> int:
    """Seconds of CPU that this process has had, rounded up."""
    return int(sum(os.times()[:2])) + 1


def watch(seen: list[str]) -> Any:
    """An audit hook that notes and refuses what a program has no use for."""

    def hook(event: str, arguments: Any) -> None:
        is_write = event == "open" and (
            (isinstance(arguments[2], int) and bool(arguments[2] & WRITES))
            or (isinstance(arguments[1], str) and any(sign in arguments[1] for sign in "wax+"))
        )
        if is_write or event.startswith(FORBIDDEN):
            seen.append("writing to a file" if is_write else event)
            raise PermissionError(f"{seen[-1]} is forbidden")

    return hook


def answer(program: str, call: dict[str, Any], seen: list[str]) -> dict[str, Any]:
    """What a call of a function of the program comes to. The program is run anew for each call."""
    seen.clear()
    reply: dict[str, Any]
    try:
        names: dict[str, Any] = {"__name__": "program"}
        exec(compile(program, "program", "exec"), names)
        if call["function"] not in names:
            raise NameError(f"{call['function']} is not defined")
        arguments = [_wire.unpack(arg) for arg in call["args"]]
        keywords = {name: _wire.unpack(value) for name, value in call["kwargs"]}
        reply = {"value": _wire.pack(names[call["function"]](*arguments, **keywords))}
    except BaseException as error:
        reply = {"error": f"{type(error).__name__}: {error}"[:MOST_SAID]}
    return {"forbidden": seen[0]} if seen else reply


def send(replies: int, reply: dict[str, Any]) -> None:
    data = json.dumps(reply).encode() + b"\n"
    while data:
        data = data[os.write(replies, data) :]


if __name__ == "__main__":
    main()
