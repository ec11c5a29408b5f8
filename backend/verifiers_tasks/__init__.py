"""Tasks of installed tasksets of verifiers 0.4 (Brown 2025, github.com/PrimeIntellect-ai/verifiers) and their rewards.

A task is known by its taskset, the settings of that, its place in it and the hash of what it holds, so that a reward is
asked about the very task that was put. Only what is asked once and scored from the text alone can be used: verifiers
itself scores such texts without a model or a sandbox when it replays a run. The package is optional, and imported when
it is needed.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from backend.errors import InvalidInput
from backend.package_tasks import PackageTask
from backend.values import JSON, Message, Messages
from backend.verifiers_tasks._loading import UNREADABLE, check, load
from backend.verifiers_tasks._scoring import Scored, score

__all__ = ["Scored", "TaskPlace", "check", "load", "messages_of", "score", "task_at", "tasks"]

MOST_TASKS = 100_000
"""Tasks of a taskset that are looked at; of a larger or endless one the first."""


@dataclass(frozen=True)
class TaskPlace(PackageTask):
    """The task `index` of a taskset with these settings; `hash` is that of what the task holds."""

    key = "verifiers"

    taskset: str
    config: JSON
    index: int
    hash: str


def tasks(taskset: str, config: JSON, *, seed: int) -> Iterator[tuple[TaskPlace, Any]]:
    """Yield the tasks of a taskset in an order that follows from the seed; raises `InvalidInput` as `load` does."""
    tasks_ = _tasks(taskset, json.dumps(config, sort_keys=True))
    for index in random.Random(str(seed)).sample(range(len(tasks_)), len(tasks_)):
        yield TaskPlace(taskset, config, index, tasks_[index].hash), tasks_[index]


def task_at(place: TaskPlace) -> Any:
    """Return the task of a place; raises `InvalidInput`, also where the installed package has another one there."""
    tasks = _tasks(place.taskset, json.dumps(place.config, sort_keys=True))
    if not 0 <= place.index < len(tasks) or tasks[place.index].hash != place.hash:
        raise InvalidInput(f"The installed taskset {place.taskset!r} has another task {place.index}.")
    return tasks[place.index]


@lru_cache(maxsize=4)
def _tasks(taskset: str, config: str) -> Sequence[Any]:
    """Return the tasks of one of the last few tasksets: many read a file of data."""
    taskset_ = load(taskset, json.loads(config))
    try:
        return tuple(taskset_.take(MOST_TASKS))
    except UNREADABLE as error:
        raise InvalidInput(f"The taskset {taskset!r} cannot be read: {error}. Change config, or its data.") from error


def messages_of(task: Any) -> Messages | None:
    """Return what a task asks, as messages of texts; None where it asks nothing, or anything but texts."""
    data = task.data
    asked = [{"role": "user", "content": data.prompt}] if isinstance(data.prompt, str) else data.prompt
    messages: Messages = [{"role": "system", "content": data.system_prompt}] if data.system_prompt else []
    for message in asked or []:
        fields = message if isinstance(message, Mapping) else message.model_dump()
        role, content = fields["role"], fields["content"]
        if role not in ("system", "user", "assistant") or not isinstance(content, str) or not content:
            return None
        messages.append(Message(role=role, content=content))
    return messages if asked else None
