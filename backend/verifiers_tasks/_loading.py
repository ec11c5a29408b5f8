"""Load tasksets of verifiers, and refuse those that need more than one text and its rewards."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backend.errors import InvalidInput
from backend.package_tasks import check_installed
from backend.values import JSON

UNREADABLE = (ArithmeticError, AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What packages raise whose data is not there or is not as they expect."""
NEEDS_VERIFIERS = re.compile(r"verifiers(?![\w.-])", re.IGNORECASE)
RUNS_TEXTS = frozenset(
    {
        "eval",
        "exec",
        "__import__",
        "parse_expr",
        ".parse_expr",
        "sympify",
        ".sympify",
        "subprocess",
        ".system",
        ".popen",
    }
)
"""What code names that may run an answer as a program; with a dot what it takes of something."""
ASKS_MODELS = frozenset({"openai", "anthropic", "litellm"})
"""What code imports that asks a model; beside these what verifiers calls a judge."""


def check() -> None:
    """Raise `MissingPrerequisite` where the package is not installed."""
    check_installed("verifiers", "verifiers", "verifiers")


def load(taskset: str, config: JSON) -> Any:
    """Return a taskset, before its tasks are read.

    Raises `InvalidInput` for a name or a setting that is unfit, and for a taskset that needs more than one text and its
    rewards: tools, a sandbox, a model that judges.
    """
    check()
    _check_package(taskset)
    _check_config(taskset, config)
    import verifiers.v1 as vf

    try:
        taskset_ = vf.load_taskset(vf.taskset_config_type(taskset).model_validate({**config, "id": taskset}))
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise InvalidInput(f"The taskset {taskset!r} does not take the settings {config}: {reason}.") from error
    except UNREADABLE as error:
        raise InvalidInput(f"The package {taskset!r} gives no taskset: {error} Install another version.") from error
    if why := _why_unfit(taskset, taskset_):
        raise InvalidInput(f"The taskset {taskset!r} {why}. Choose one that is asked once and scored by its text.")
    return taskset_


def _check_package(taskset: str) -> None:
    """Refuse what is no installed package that builds on verifiers: nothing else is imported by its name."""
    try:
        needs = requires(taskset) or []
    except (PackageNotFoundError, ValueError):
        needs = []
    if not any(NEEDS_VERIFIERS.match(need) for need in needs):
        raise InvalidInput(
            f"There is no installed package {taskset!r} that needs verifiers. Install the taskset's package with pip, "
            "and write the package's name."
        )


def _check_config(taskset: str, config: JSON) -> None:
    """Refuse settings of verifiers itself: they name files to read, functions to import, and models that judge."""
    import verifiers.v1 as vf

    below = config.get("task")
    own = sorted((vf.TasksetConfig.model_fields.keys() - {"task"}) & config.keys())
    own += sorted(vf.TaskConfig.model_fields.keys() & (below if isinstance(below, dict) else {}).keys())
    if own:
        raise InvalidInput(
            f"The setting {own[0]!r} of the taskset {taskset!r} is not taken here. Leave it out of config: only the "
            "package's own settings are."
        )


def _why_unfit(taskset: str, taskset_made: Any) -> str | None:
    """Return why a taskset cannot be used, in words that follow its name; None where it can."""
    import verifiers.v1 as vf

    kind = type(taskset_made).task_type()
    hooks = ("setup", "finalize", "stage_verifier")
    names = names_in(taskset)
    rewards = _rewards(kind)
    reasons = {
        "brings an environment or a program of its own that plays its tasks": (
            vf.environment_class(taskset) is not vf.SingleAgentEnv or vf.default_harness_id(taskset) == taskset
        ),
        "prepares a sandbox for each task": (
            kind.NEEDS_CONTAINER or any(getattr(kind, hook) is not getattr(vf.Task, hook) for hook in hooks)
        ),
        "gives its tasks tools": type(taskset_made).toolsets(taskset_made.config)
        or kind.toolsets(taskset_made.config.task),
        "has rewards that ask a model, which would be asked beside the roles of the round": (
            taskset_made.config.task.judges or any(name.endswith("Judge") for name in names) or names & ASKS_MODELS
        ),
        "may run answers as programs, and what a model wrote is not run here": names & RUNS_TEXTS,
        "has no reward": not rewards,
        "has rewards that look into a sandbox": any(map(_needs_runtime, rewards)),
    }
    return next((reason for reason, is_so in reasons.items() if is_so), None)


def _rewards(kind: type) -> list[Any]:
    """Return the rewards of a class of tasks as verifiers finds them: by a mark, the most derived of each name."""
    named = {name: getattr(kind, name) for base in kind.__mro__ for name in vars(base)}
    return [method for method in named.values() if callable(method) and getattr(method, "reward", False) is True]


def _needs_runtime(reward: Any) -> bool:
    wanted = inspect.signature(reward).parameters.get("runtime")
    return wanted is not None and wanted.default is inspect.Parameter.empty


def names_in(taskset: str) -> frozenset[str]:
    """Return the names that the imported code of a package uses: variables, imports, and attributes after a dot.

    A package that hides what it calls is not found out: who installs one trusts it as any other.
    """
    top = taskset.replace("-", "_").lower()
    modules = [module for name, module in sys.modules.items() if name == top or name.startswith(f"{top}.")]
    files = [Path(module.__file__) for module in modules if module.__file__]
    return frozenset(
        chain.from_iterable(_names(ast.parse(file.read_bytes())) for file in files if file.suffix == ".py")
    )


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name():
                yield node.id
            case ast.Attribute():
                yield f".{node.attr}"
            case ast.Import():
                yield from (name.name.partition(".")[0] for name in node.names)
            case ast.ImportFrom():
                yield (node.module or "").partition(".")[0]
                yield from (name.name for name in node.names)
