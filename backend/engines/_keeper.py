"""Keeps one model server: starts it, ends it when nobody uses it, and lets nothing of it outlive the worker.

A program that needs Python alone, `python _keeper.py FOLDER LIFE`, in a session of its own and with the environment
that the server gets. The folder holds `spec.json`, and what tells others how things stand: `keeper` is locked while
this runs, `users` by whoever uses the server, `ready` says that it has answered, `stop` asks it to end, `ended.json`
says how the server ended by itself. LIFE is the pipe that closes when the worker dies.
"""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

LOOK_SECONDS = 0.2
TERMINATE_SECONDS = 5.0
CLEAR_SECONDS = 10.0
TRIES = 10


def main() -> None:
    folder, life = Path(sys.argv[1]), int(sys.argv[2])
    os.chdir(folder)
    # Held from before whoever started this goes on, and by the process that stays.
    held = lock(folder / "keeper")
    for _ in range(TRIES):  # somebody may be looking whether it is locked
        if held is None:
            time.sleep(LOOK_SECONDS)
            held = lock(folder / "keeper")
    if held is None or os.fork():
        os._exit(0)
    users = None
    try:
        users = keep(folder, life)
    finally:
        clear()
        del users  # until here nobody could begin to use a server that ends
        os.killpg(os.getpgrp(), signal.SIGKILL)


def keep(folder: Path, life: int) -> IO[bytes] | None:
    """Return when the server has ended, or has to: the lock of its users, where nobody had it.

    Its key is gone from the folder by then.
    """
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
    theirs, ours = os.pipe()  # the server's first process reads it, and kills the group when this process dies
    with (folder / "log.txt").open("ab") as log:
        server = subprocess.Popen(spec["argv"], stdin=theirs, stdout=log, stderr=log)
    os.close(theirs)
    free_since = time.monotonic()
    while True:
        if server.poll() is not None:
            (folder / "spec.json").unlink(missing_ok=True)
            write(folder / "ended.json", {"code": server.returncode})
            return None
        if select.select([life], [], [], LOOK_SECONDS)[0]:  # it is never written to: it has closed
            users = None
            break
        users = lock(folder / "users")
        if users is None:
            free_since = time.monotonic()
        # Nobody waits any more for one that has not answered yet: its start was cancelled.
        is_kept = (folder / "ready").exists() and time.monotonic() - free_since < spec["idle_seconds"]
        if (users is not None and not is_kept) or asked or (folder / "stop").exists():
            end(server)
            break
        if users is not None:
            users.close()
    (folder / "spec.json").unlink(missing_ok=True)
    os.close(ours)
    return users


def end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(TERMINATE_SECONDS)
    except subprocess.TimeoutExpired:
        return


def clear() -> None:
    """Kill the others of this process's group, and wait until they have ended: then their memory is free."""
    until = time.monotonic() + CLEAR_SECONDS
    while (others := living()) and time.monotonic() < until:
        for process in others:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(LOOK_SECONDS / 4)


def living() -> list[int]:
    """The other processes of this one's group that are no zombies."""
    own, process_ids = os.getpid(), []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, group = place.read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[:3]
            if int(group) == os.getpgrp() and state != "Z" and int(place.parent.name) != own:
                process_ids.append(int(place.parent.name))
    return process_ids


def lock(path: Path) -> IO[bytes] | None:
    """The file, locked by this process alone until it is closed; None where another one has it."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def write(path: Path, value: object) -> None:
    """Write JSON whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main()
