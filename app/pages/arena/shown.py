"""What the arena shows, as texts."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.widgets.figures import kappa, share
from app.widgets.times import moment
from backend.services.arena.results import ArenaView, JudgeWord, Result, Wins
from backend.services.arena.voting import ShownMatch
from backend.values import JSON

ACTS = (
    ("first", "left", "Left is better"),
    ("tie", "tie", "Equally good"),
    ("none", "none", "Both are bad"),
    ("second", "right", "Right is better"),
    ("skip", "skip", "Skip"),
    ("undo", "undo", "Take the last word back"),
)
"""The desk's name of each act, what the page sends for it, and its label."""


def of_match(match: ShownMatch, keys: Mapping[str, Sequence[str]]) -> JSON:
    """A match with its buttons; where there is none left, nothing of one."""
    if not match.token:
        return {"token": "", "done": match.done, "total": match.total}
    acts = [
        {"act": act, "label": label, "key": next(iter(keys.get(name, ())), ""), "keys": " ".join(keys.get(name, ()))}
        for name, act, label in ACTS
    ]
    return {
        "token": match.token,
        "progress": f"{match.done} of {match.total} decided",
        "messages": [
            {"role": str(message["role"]), "content": _text(message["content"])} for message in match.messages
        ],
        "left": match.left or "(empty)",
        "right": match.right or "(empty)",
        "acts": acts,
    }


def nothing(missing: str, arenas: Sequence[ArenaView]) -> JSON:
    """What stands where no arena is chosen."""
    if missing:
        return {"message": missing}
    if arenas:
        return {"message": "Choose an arena from the list."}
    return {
        "message": "No arena yet.",
        "way_out": "An arena compares two checkpoints that were measured on the same held-out prompts. A curator opens "
        "one under Open an arena.",
    }


def listed(arenas: Sequence[ArenaView], chosen: int | None) -> JSON:
    """The list of arenas."""
    return {"rows": [row(arena, is_here=arena.id == chosen) for arena in arenas]}


def row(arena: ArenaView, *, is_here: bool) -> JSON:
    """An arena of the list."""
    return {
        "id": arena.id,
        "is_here": is_here,
        "title": f"Arena {arena.id}",
        "names": f"{arena.result.first} against {arena.result.second}" if arena.result else "names are hidden",
        "said": progress_of(arena),
        "at": moment(arena.created_at),
    }


def progress_of(arena: ArenaView) -> str:
    """How far an arena is, or who won."""
    if arena.result is None:
        return f"{arena.decided} of {arena.matches} decided by you"
    return wins(arena.result.wins, arena.result.first)


def wins(counted: Wins, first: str) -> str:
    """`round-2 won 63% (41 to 81) of 16 matches with a winner; 4 ties`."""
    ties = f"{counted.ties} {'tie' if counted.ties == 1 else 'ties'}"
    if counted.share is None or counted.low is None or counted.high is None:
        return f"no match has a winner; {ties}"
    decided = counted.first + counted.second
    interval = f"{counted.low * 100:.0f} to {counted.high * 100:.0f}"
    return f"{first} won {counted.share:.0%} ({interval}) of {decided} matches with a winner; {ties}"


def result(outcome: Result | None) -> JSON | None:
    """The result with the judge's, as lines."""
    if outcome is None:
        return None
    lines: list[Any] = [
        ("People", f"{wins(outcome.wins, outcome.first)}. {_people(outcome)}."),
    ]
    if outcome.num_same:
        lines.append(("Left out", f"{outcome.num_same:,} prompts that both answered in the same words"))
    if outcome.judge is not None:
        word = outcome.judge
        lines += [
            ("Judge", f"{word.name}: {_of_judge(word, outcome.first)}"),
            ("Same winner in both seats", share(word.same_in_both_seats)),
            ("Agreement with people", f"{share(word.agreement)}, Cohen's kappa {kappa(word.kappa)}"),
        ]
        if word.unread:
            lines.append(("Left out", f"{word.unread} of {word.replies} replies could not be read, nor do they count"))
        if word.failed:
            many = "1 match" if word.failed == 1 else f"{word.failed} matches"
            lines.append(("Left out", f"{many} that the judge could not be asked about: {word.failure}"))
    return {
        "title": f"{outcome.first} against {outcome.second}",
        "lines": [{"name": name, "value": value} for name, value in lines],
        "links": [
            {"target": f"checkpoints?checkpoint={id_}", "text": name}
            for id_, name in ((outcome.first_id, outcome.first), (outcome.second_id, outcome.second))
        ],
    }


def _of_judge(word: JudgeWord, first: str) -> str:
    if word.played:
        return wins(word.wins, first)
    return "no match has two replies that could be read" if word.replies or word.failed else "has not played"


def _people(result: Result) -> str:
    people = "1 person" if result.people == 1 else f"{result.people} people"
    return f"{result.votes} decisions by {people}"


def _text(content: Any) -> str:
    return content if isinstance(content, str) else str(content)
