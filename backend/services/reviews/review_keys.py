"""What the review desk can do, and which keys do it unless a person changed them. Backspace is none of them: it is
pressed by accident."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backend.errors import InvalidInput
from backend.services.decisions import acts
from backend.services.review_settings import Mode
from backend.translations import N_, gettext

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
    """`modes`: where it means something. `name` is what bindings are stored under; `message` is what it is called, with
    `which` in it."""

    name: str
    message: str
    keys: tuple[str, ...]
    modes: tuple[Mode, ...] = EVERYWHERE
    which: str = ""

    @property
    def label(self) -> str:
        """What it is called in English."""
        return self.message.format(which=self.which)

    @property
    def words(self) -> str:
        """What it is called in the reader's language."""
        return gettext(self.message).format(which=gettext(self.which))


SCORE, WRONG = N_("Score {which}"), N_("Wrong: {which}")
BEST, WORST = N_("Column {which} is the best"), N_("Column {which} is the worst")


ACTIONS: tuple[Action, ...] = (
    Action("accept", N_("Accept"), ("a",), SAMPLE),
    Action("reject", N_("Reject"), ("x",), SAMPLE),
    *(Action(f"score_{n}", SCORE, (str(n),), SAMPLE, str(n)) for n in range(10)),
    Action("score_10", SCORE, ("t",), SAMPLE, "10"),
    Action("score", N_("Type a score"), ("p",), SAMPLE),
    Action("right", N_("The judge is right"), ("y",), JUDGMENT),
    Action("wrong", N_("The judge is wrong"), ("x",), JUDGMENT),
    *(Action(f"why_{n}", WRONG, (str(n),), JUDGMENT, why) for n, why in enumerate(WHY, 1)),
    *(Action(f"best_{n}", BEST, (str(n),), GROUP, str(n)) for n in range(1, 9)),
    *(Action(f"worst_{n}", WORST, (f"Shift+{n}",), GROUP, str(n)) for n in range(1, 9)),
    Action("rank", N_("Rank all columns"), ("g",), GROUP),
    Action("first", N_("A is better"), ("1",), PAIR),
    Action("second", N_("B is better"), ("2",), PAIR),
    Action("tie", N_("Tie: equally good"), ("=",), GROUP + PAIR),
    Action("none", N_("All are bad"), ("0",), GROUP + PAIR),
    Action("submit", N_("Submit the choice; without one, go on"), ("Enter",)),
    Action("question", N_("Answer the project's questions"), ("q",)),
    Action("skip", N_("Skip"), ("s",)),
    Action("undo", N_("Undo the last decision"), ("u",)),
    Action("next", N_("Next, without deciding"), ("j", "ArrowRight")),
    Action("previous", N_("Previous"), ("k", "ArrowLeft")),
    Action("edit", N_("Edit the text"), ("e",)),
    Action("repair", N_("Let the model repair the text"), ("r",)),
    Action("note", N_("Write a note"), ("n",)),
    Action("tag", N_("Tag the sample"), ("l",)),
    Action("flag", N_("Flag, or take the flag away"), ("f",)),
    Action("history", N_("Notes and history of the item"), ("h",)),
    Action("search", N_("Search inside the item"), ("/",)),
    Action("more", N_("Show all of the text, or fold it"), ("m",)),
    Action("raw", N_("Raw text, or rendered"), ("v",)),
    Action("diff", N_("Compare two texts word by word"), ("d",)),
    Action("help", N_("These keys"), ("?",)),
    Action("palette", N_("All commands"), ("Mod+k",)),
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
