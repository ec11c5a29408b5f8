"""What the arena shows, as texts."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.widgets.figures import kappa, share
from app.widgets.formats import percent
from app.widgets.times import moment
from backend.services.arena.results import ArenaView, JudgeWord, Result, Wins
from backend.services.arena.voting import ShownMatch
from backend.translations import N_, gettext, ngettext
from backend.values import JSON

ACTS = (
    ("first", "left", N_("Left is better")),
    ("tie", "tie", N_("Equally good")),
    ("none", "none", N_("Both are bad")),
    ("second", "right", N_("Right is better")),
    ("skip", "skip", N_("Skip")),
    ("undo", "undo", N_("Take the last word back")),
)
"""The desk's name of each act, what the page sends for it, and its label."""


def of_match(match: ShownMatch, keys: Mapping[str, Sequence[str]]) -> JSON:
    """A match with its buttons; where there is none left, nothing of one."""
    if not match.token:
        return {"token": "", "done": match.done, "total": match.total}
    acts = [
        {
            "act": act,
            "label": gettext(label),
            "key": next(iter(keys.get(name, ())), ""),
            "keys": " ".join(keys.get(name, ())),
        }
        for name, act, label in ACTS
    ]
    return {
        "token": match.token,
        "progress": gettext("{number} of {whole} decided").format(number=match.done, whole=match.total),
        "messages": [
            {"role": str(message["role"]), "content": _text(message["content"])} for message in match.messages
        ],
        "left": match.left or gettext("(empty)"),
        "right": match.right or gettext("(empty)"),
        "acts": acts,
    }


def nothing(missing: str, arenas: Sequence[ArenaView]) -> JSON:
    """What stands where no arena is chosen."""
    if missing:
        return {"message": missing}
    if arenas:
        return {"message": gettext("Choose an arena from the list.")}
    return {
        "message": gettext("No arena yet."),
        "way_out": gettext(
            "An arena compares two checkpoints that were measured on the same held-out prompts. A curator opens "
            "one under Open an arena."
        ),
    }


def listed(arenas: Sequence[ArenaView], chosen: int | None) -> JSON:
    """The list of arenas."""
    return {"rows": [row(arena, is_here=arena.id == chosen) for arena in arenas]}


def row(arena: ArenaView, *, is_here: bool) -> JSON:
    """An arena of the list."""
    return {
        "id": arena.id,
        "is_here": is_here,
        "title": gettext("Arena {id}").format(id=arena.id),
        "names": gettext("{first} against {second}").format(first=arena.result.first, second=arena.result.second)
        if arena.result
        else gettext("names are hidden"),
        "said": progress_of(arena),
        "at": moment(arena.created_at),
    }


def progress_of(arena: ArenaView) -> str:
    """How far an arena is, or who won."""
    if arena.result is None:
        return gettext("{number} of {whole} decided by you").format(number=arena.decided, whole=arena.matches)
    return wins(arena.result.wins, arena.result.first)


def wins(counted: Wins, first: str) -> str:
    """`round-2 won 63% (41 to 81) of 16 matches with a winner; 4 ties`."""
    ties = ngettext("{number} tie", "{number} ties", counted.ties).format(number=counted.ties)
    if counted.share is None or counted.low is None or counted.high is None:
        return gettext("no match has a winner; {ties}").format(ties=ties)
    decided = counted.first + counted.second
    text = ngettext(
        "{name} won {share} ({low} to {high}) of {number} match with a winner; {ties}",
        "{name} won {share} ({low} to {high}) of {number} matches with a winner; {ties}",
        decided,
    )
    ends = {"low": f"{counted.low * 100:.0f}", "high": f"{counted.high * 100:.0f}"}
    return text.format(name=first, share=percent(counted.share, 0), **ends, number=decided, ties=ties)


def result(outcome: Result | None) -> JSON | None:
    """The result with the judge's, as lines."""
    if outcome is None:
        return None
    lines: list[Any] = [
        (gettext("People"), f"{wins(outcome.wins, outcome.first)}. {_people(outcome)}."),
    ]
    if outcome.num_same:
        same = ngettext(
            "{number} prompt that both answered in the same words",
            "{number} prompts that both answered in the same words",
            outcome.num_same,
        )
        lines.append((gettext("Left out"), same.format(number=f"{outcome.num_same:,}")))
    if outcome.judge is not None:
        word = outcome.judge
        agreement = gettext("{share}, Cohen's kappa {kappa}").format(
            share=share(word.agreement), kappa=kappa(word.kappa)
        )
        lines += [
            (gettext("Judge"), f"{word.name}: {_of_judge(word, outcome.first)}"),
            (gettext("Same winner in both seats"), share(word.same_in_both_seats)),
            (gettext("Agreement with people"), agreement),
        ]
        if word.unread:
            unread = gettext("{number} of {whole} replies could not be read, nor do they count")
            lines.append((gettext("Left out"), unread.format(number=word.unread, whole=word.replies)))
        if word.failed:
            failed = ngettext(
                "1 match that the judge could not be asked about: {reason}",
                "{number} matches that the judge could not be asked about: {reason}",
                word.failed,
            )
            lines.append((gettext("Left out"), failed.format(number=word.failed, reason=word.failure)))
    return {
        "title": gettext("{first} against {second}").format(first=outcome.first, second=outcome.second),
        "lines": [{"name": name, "value": value} for name, value in lines],
        "links": [
            {"target": f"checkpoints?checkpoint={id_}", "text": name}
            for id_, name in ((outcome.first_id, outcome.first), (outcome.second_id, outcome.second))
        ],
    }


def _of_judge(word: JudgeWord, first: str) -> str:
    if word.played:
        return wins(word.wins, first)
    return (
        gettext("no match has two replies that could be read")
        if word.replies or word.failed
        else gettext("has not played")
    )


def _people(result: Result) -> str:
    people = ngettext("1 person", "{number} people", result.people).format(number=result.people)
    text = ngettext("{number} decision by {people}", "{number} decisions by {people}", result.votes)
    return text.format(number=result.votes, people=people)


def _text(content: Any) -> str:
    return content if isinstance(content, str) else str(content)
