"""What the review desk can do, and which keys do it unless a person changed them. Never Backspace: it slips."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backend.errors import InvalidInput
from backend.services.decisions import acts
from backend.services.review_settings import Mode

SAMPLE, GROUP, PAIR, JUDGMENT = (Mode.sample,), (Mode.group,), (Mode.pair,), (Mode.judgment,)
EVERYWHERE = tuple(Mode)
WHY = acts.WHY[1:]
"""Why a judge was wrong, in the order of the digits."""

MAX_KEYS = 4
NAMED = (
    "Enter",
    "Space",
    "Insert",
    "Home",
    "End",
    "PageUp",
    "PageDown",
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "ArrowDown",
    *(f"F{n}" for n in range(1, 13)),
)
FORBIDDEN = ("Backspace", "Delete", "Escape", "Tab")
TAKEN_BY_BROWSERS = (*tuple("acfhlnoprstvwxz"), "F1", "F5", "F11", "F12")
KEY = re.compile(r"(Mod\+)?(Alt\+)?(Shift\+)?(\S|[A-Z][A-Za-z0-9]+)")


@dataclass(frozen=True)
class Action:
    """`modes`: where it means something. `name` is what bindings are stored under."""

    name: str
    label: str
    keys: tuple[str, ...]
    modes: tuple[Mode, ...] = EVERYWHERE


ACTIONS: tuple[Action, ...] = (
    Action("accept", "Accept", ("a",), SAMPLE),
    Action("reject", "Reject", ("x",), SAMPLE),
    *(Action(f"score_{n}", f"Score {n}", (str(n),), SAMPLE) for n in range(10)),
    Action("score_10", "Score 10", ("t",), SAMPLE),
    Action("score", "Type a score", ("p",), SAMPLE),
    Action("right", "The judge is right", ("y",), JUDGMENT),
    Action("wrong", "The judge is wrong", ("x",), JUDGMENT),
    *(Action(f"why_{n}", f"Wrong: {why}", (str(n),), JUDGMENT) for n, why in enumerate(WHY, 1)),
    *(Action(f"best_{n}", f"Column {n} is the best", (str(n),), GROUP) for n in range(1, 9)),
    *(Action(f"worst_{n}", f"Column {n} is the worst", (f"Shift+{n}",), GROUP) for n in range(1, 9)),
    Action("rank", "Rank all columns", ("g",), GROUP),
    Action("first", "A is better", ("1",), PAIR),
    Action("second", "B is better", ("2",), PAIR),
    Action("tie", "Tie: equally good", ("=",), GROUP + PAIR),
    Action("none", "All are bad", ("0",), GROUP + PAIR),
    Action("submit", "Submit the choice; without one, go on", ("Enter",)),
    Action("question", "Answer the project's questions", ("q",)),
    Action("skip", "Skip", ("s",)),
    Action("undo", "Undo the last decision", ("u",)),
    Action("next", "Next, without deciding", ("j", "ArrowRight")),
    Action("previous", "Previous", ("k", "ArrowLeft")),
    Action("edit", "Edit the text", ("e",)),
    Action("repair", "Let the model repair the text", ("r",)),
    Action("note", "Write a note", ("n",)),
    Action("flag", "Flag, or take the flag away", ("f",)),
    Action("history", "Notes and history of the item", ("h",)),
    Action("search", "Search inside the item", ("/",)),
    Action("more", "Show all of the text, or fold it", ("m",)),
    Action("raw", "Raw text, or rendered", ("v",)),
    Action("diff", "Compare two texts word by word", ("d",)),
    Action("help", "These keys", ("?",)),
    Action("palette", "All commands", ("Mod+k",)),
)
BY_NAME = {action.name: action for action in ACTIONS}


def bound(changed: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The keys of every action: as changed, else as they come."""
    return {action.name: tuple(changed.get(action.name, action.keys)) for action in ACTIONS}


def check(changed: Mapping[str, Sequence[str]]) -> None:
    """Refuse unknown actions, keys that cannot be pressed or should not decide, and one key for two actions."""
    for name, keys in changed.items():
        if name not in BY_NAME:
            raise InvalidInput(f"The review desk has no action {name!r}. Reload the page.")
        if len(keys) > MAX_KEYS:
            raise InvalidInput(f"{BY_NAME[name].label}: {MAX_KEYS} keys are enough. Take one away.")
        for key in keys:
            check_key(key, BY_NAME[name])
    clash = next(clashes(bound(changed)), None)
    if clash is not None:
        key, first, other = clash
        raise InvalidInput(
            f"{key} would mean both {first.label!r} and {other.label!r}. Choose another key for one of them."
        )


def check_key(key: str, action: Action) -> None:
    """Refuse what is no key, what the browser keeps for itself, and keys that are pressed by accident."""
    match = KEY.fullmatch(key)
    bare = match[4] if match else ""
    if bare in FORBIDDEN:
        raise InvalidInput(f"{action.label}: {bare} is pressed by accident or needed elsewhere. Choose another key.")
    if match is None or (len(bare) > 1 and bare not in NAMED) or (bare != bare.lower() and len(bare) == 1):
        raise InvalidInput(f"{action.label}: {key!r} is no key that can be bound. Press the key you want.")
    if (match[1] and bare in TAKEN_BY_BROWSERS) or (not match[1] and bare in TAKEN_BY_BROWSERS[-4:]):
        raise InvalidInput(f"{action.label}: browsers keep {key} for themselves. Choose another key.")


def clashes(keys: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Action, Action]]:
    """Keys that two actions of one mode would share."""
    seen: dict[tuple[str, Mode], Action] = {}
    for action in ACTIONS:
        for key in dict.fromkeys(keys[action.name]):
            for mode in action.modes:
                other = seen.setdefault((key, mode), action)
                if other is not action:
                    yield key, other, action
