"""A model's process in `backend.pipeline.chat`'s words, without a model: the last message says how it behaves."""

import json
import os
import sys
import threading
import time
from queue import SimpleQueue

asked: SimpleQueue = SimpleQueue()
stopped = 0


def read() -> None:
    global stopped
    for line in sys.stdin:
        request = json.loads(line)
        if "stop" in request:
            stopped = request["stop"]
        else:
            asked.put(request)
    os._exit(0)


def say(**reply: object) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


def answer(turn: int, messages: list[dict[str, str]]) -> None:
    how = messages[-1]["content"]
    if how == "fail":
        say(turn=turn, is_over=True, error="it does not fit. Shorten it.")
    elif how == "die":
        print("its last words", file=sys.stderr)
        os._exit(3)
    elif how == "nonsense":
        sys.stdout.write("<html>\n")
        sys.stdout.flush()
        time.sleep(600)
    elif how == "deaf":
        say(turn=turn, text="on ")
        time.sleep(600)
    elif how == "flood":
        while turn > stopped:
            say(turn=turn, text="on ")
        say(turn=turn, text="after the stop")
        say(turn=turn, is_over=True)
    elif how == "endless":
        while True:
            say(turn=turn, text="")
    else:
        whole = " | ".join(message["content"] for message in messages)
        for word in whole.split():
            say(turn=turn, text=word + " ")
        say(turn=turn, is_over=True, whole=whole, finish="stop", tokens=len(whole.split()))


threading.Thread(target=read, daemon=True).start()
say(is_ready=True)
while True:
    request = asked.get()
    answer(request["turn"], request["messages"])
