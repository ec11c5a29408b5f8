"""Tasks of reasoning-gym (Stojanovski et al. 2025, arXiv 2505.24760): data sets that make tasks, each with a verifier.

A task is known by its data set, the settings of that, and its number in it; so the verifier is asked about the very
entry that was made, whatever is in it. The package is optional, and imported when it is needed.
"""

import difflib
import inspect
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from backend.errors import InvalidInput
from backend.package_tasks import PackageTask, check_installed
from backend.values import JSON

EVALUATES = re.compile(r"\b(?:eval|exec|compile|parse_expr|sympify)\(")
"""What runs a text as a program, whether it says so or not: sympy's parser does, too."""
CALLED = re.compile(r"\b(?:self|cls)\.(\w+)\(")
REFUSED = (ArithmeticError, AttributeError, LookupError, RecursionError, SyntaxError, TypeError, ValueError)
"""What verifiers raise about answers that are not written as they expect."""
MOST_CHARS = 10_000
"""Characters of an answer; a longer one is not looked at."""
TRIES = 10
"""Tasks that are made for each that is wanted, where many are alike."""


@dataclass(frozen=True)
class GymTask(PackageTask):
    """The task `index` of a data set that was made with these settings."""

    key = "reasoning_gym"

    dataset: str
    config: JSON
    seed: int
    size: int
    index: int


def check() -> None:
    """Raise `MissingPrerequisite` where the package is not installed."""
    check_installed("reasoning-gym", "reasoning_gym", "gym")


def create(dataset: str, config: JSON, *, seed: int, size: int) -> Any:
    """Return a data set of so many tasks; raises `InvalidInput` for a name, a setting or a verifier that is unfit."""
    check()
    from reasoning_gym.factory import DATASETS, create_dataset

    if dataset not in DATASETS:
        near = difflib.get_close_matches(dataset, DATASETS, n=3) or sorted(DATASETS)[:3]
        raise InvalidInput(f"reasoning-gym has no data set {dataset!r}. Choose one such as {', '.join(near)}.")
    if evaluates(dataset):
        raise InvalidInput(
            f"The verifier of reasoning-gym's data set {dataset!r} runs answers as programs, and what a model wrote is "
            "not run here. Choose another data set."
        )
    if own := sorted({"seed", "size"} & config.keys()):
        raise InvalidInput(
            f"The setting {own[0]!r} of reasoning-gym's data sets follows from the round. Leave it out of config."
        )
    try:
        return create_dataset(dataset, **config, seed=seed, size=size)
    except (AssertionError, *REFUSED) as error:
        raise InvalidInput(
            f"reasoning-gym's data set {dataset!r} does not take the settings {config}: {error}. Change config."
        ) from error


def tasks(dataset: str, config: JSON, *, number: int, seed: int) -> Iterator[tuple[GymTask, JSON]]:
    """Yield at most `number` tasks with their entries (`question`, `answer` and more), no question twice."""
    size, seed = TRIES * number, random.Random(str(seed)).getrandbits(31)
    entries, seen = create(dataset, config, seed=seed, size=size), set[str]()
    for index in range(size):
        entry = entries[index]
        if entry["question"] not in seen:
            seen.add(entry["question"])
            yield GymTask(dataset, config, seed, size, index), entry
        if len(seen) == number:
            return


def entry_of(task: GymTask) -> tuple[Any, JSON]:
    """Return the data set of a task, and its entry; raises `InvalidInput`, also where there is no such task."""
    dataset = created(task.dataset, task.config, seed=task.seed, size=task.size)
    if not 0 <= task.index < task.size:
        raise InvalidInput(f"reasoning-gym's data set {task.dataset!r} has no task {task.index}.")
    return dataset, dataset[task.index]


def created(dataset: str, config: JSON, *, seed: int, size: int) -> Any:
    """Return what `create` does, for one of the last few the same: some take seconds to read."""
    return _created(dataset, json.dumps(config), seed, size)


@lru_cache(maxsize=8)
def _created(dataset: str, config: str, seed: int, size: int) -> Any:
    return create(dataset, json.loads(config), seed=seed, size=size)


def score(dataset: Any, entry: JSON, answer: str) -> float:
    """What the data set's verifier gives an answer, from 0 to 1; 0 for one that it cannot read."""
    if len(answer) > MOST_CHARS:
        return 0.0
    try:
        given = float(dataset.score_answer(answer, entry))
    except REFUSED:
        return 0.0
    return min(1.0, max(0.0, given)) if given == given else 0.0


@lru_cache(maxsize=256)
def evaluates(dataset: str) -> bool:
    """Whether the verifier of a data set runs answers as programs: by what its code calls.

    A `composite` asks the verifiers of others, and counts as one that does.
    """
    from reasoning_gym.factory import DATASETS

    kind, _ = DATASETS[dataset]
    return dataset == "composite" or EVALUATES.search(_source(kind, "score_answer", set())) is not None


def _source(kind: type, name: str, seen: set[str]) -> str:
    """The code of a method, and of those of its class that it calls."""
    method = getattr(kind, name, None)
    if name in seen or not inspect.isroutine(method):
        return ""
    seen.add(name)
    code = inspect.getsource(method)
    return code + "".join(_source(kind, called, seen) for called in CALLED.findall(code))
