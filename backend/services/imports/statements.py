"""What a row says of its sample: judgments and decisions, each read from an object of its own."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from backend import boundary
from backend.services.imports import shapes
from backend.services.imports.shapes import ANSWERS, Row
from backend.services.prompts.messages import BadRow
from backend.services.prompts.rows import json_of
from backend.values import DecisionKind, Verdict, mean_score

MOST_JUDGE = 80
"""Characters of a judge's name."""
MOST_DECIDERS = 10
"""People who decided on one sample: as many as a review has for an item."""
NAMES = {verdict: verdict.value for verdict in Verdict}
ACCEPT, REJECT = NAMES[Verdict.accept], NAMES[Verdict.reject]
NOT_READ = frozenset(DecisionKind) - {DecisionKind.accept, DecisionKind.reject, DecisionKind.score}
"""Kinds of decisions in an export of Rondo that say of several samples, or of none, what it is worth."""
VERDICTS = {verdict.value: verdict for verdict in Verdict}


class RowJudgment(NamedTuple):
    judge: str
    position: int
    score: float | None
    verdict: str | None
    rationale: str


class RowDecision(NamedTuple):
    """`who`: as the file calls them, None for whoever imports. `at`: seconds since 1970; None where not told.

    `is_late`: the sample's reviewers were complete when it came, so it counts in no label.
    """

    who: str | None
    kind: str
    score: float | None
    note: str
    at: float | None
    value: str
    is_adjudication: bool = False
    is_late: bool = False

    @property
    def takes_slot(self) -> bool:
        """Whether it is one of those that the sample's review asks for."""
        return not (self.is_adjudication or self.is_late)


def judgments(rows: Iterable[Row]) -> tuple[RowJudgment, ...]:
    """The judgments, with a verdict where the row gives one; raises `BadRow`."""
    places: dict[str, int] = {}
    read = []
    for row in rows:
        label, rationale = row.get("verdict", row.get("label")), row.get("rationale") or row.get("reason")
        told = judgment(row.get("judge"), row.get("score"), label, rationale)
        place = places.get(told.judge, 0)
        places[told.judge] = place + 1
        read.append(told._replace(position=place) if place else told)
    return tuple(read)


def judgment(judge: Any, score: Any, label: Any, rationale: Any) -> RowJudgment:
    """A judgment of these values, the first of its judge; raises `BadRow`."""
    name = _line(judge or "import", "a judge's name", MOST_JUDGE)
    number, verdict = _score(score), None if label is None else _verdict(label)
    text = _line(rationale, "a rationale", boundary.MOST_TEXT) if rationale else ""
    return RowJudgment(name, 0, number, None if verdict is None else NAMES[verdict], text)


def at_cut(rows: Iterable[tuple[Any, ...]], accept_at: float) -> list[tuple[Any, ...]]:
    """The judgments; a score without a verdict is an accept from `accept_at` up, else a reject."""
    return [
        (judge, place, score, verdict or (None if score is None else ACCEPT if score >= accept_at else REJECT), text)
        for judge, place, score, verdict, text in rows
    ]


def machine_label(rows: Sequence[tuple[Any, ...]], accept_at: float) -> tuple[float | None, Verdict | None]:
    """What judgments at the cut say together: the mean of their scores, and the verdict that most of them gave.

    Where as many say one as the other, the mean decides.
    """
    if not rows:
        return None, None
    if len(rows) == 1:
        _, _, score, verdict, _ = rows[0]
        return score, None if verdict is None else VERDICTS[verdict]
    judgments = [*map(RowJudgment._make, rows)]
    scores = [judgment.score for judgment in judgments if judgment.score is not None]
    mean = mean_score(scores) if scores else None
    given = Counter(judgment.verdict for judgment in judgments if judgment.verdict is not None).most_common()
    if not given:
        return mean, None
    if len(given) > 1 and given[0][1] == given[1][1] and mean is not None:
        return mean, Verdict.accept if mean >= accept_at else Verdict.reject
    return mean, Verdict(given[0][0])


def decisions(rows: Iterable[Row], left_out: Counter[str]) -> tuple[RowDecision, ...]:
    """The decisions, by their times where they have some; raises `BadRow`. What is none is counted by reason."""
    read = []
    for row in rows:
        decision = _decision(row)
        if isinstance(decision, str):
            left_out[decision] += 1
        else:
            read.append(decision)
    if len({decision.who for decision in read}) > MOST_DECIDERS:
        raise BadRow(f"more than {MOST_DECIDERS} people decided on it")
    read.sort(key=lambda decision: decision.at or 0.0)  # stable: without times, in the file's order
    return tuple(read)


def _decision(row: Row) -> RowDecision | str:
    """A decision; or why it is none."""
    if row.get("is_retracted"):
        return "decisions that were taken back"
    kind = row.get("kind") if isinstance(row.get("kind"), str) else None
    label = next((row[name] for name in ("label", "verdict") if row.get(name) is not None), None)
    verdict = _verdict(kind if label is None and kind in ("accept", "reject") else label)
    score = _score(row.get("score"))
    if kind == DecisionKind.score and score is not None:
        verdict = None  # as Rondo exports it, where the verdict follows from the score
    if kind in NOT_READ or (verdict is None and score is None):
        return f"decisions of kind {kind}" if kind in NOT_READ else "answers without a label or a score"
    who = row.get("decided_by", row.get("who"))
    note = _line(row.get("note") or "", "a note", boundary.MOST_NOTE)
    kept = {ANSWERS: answers} if (answers := row.get(ANSWERS)) else {}
    if verdict is not None and score is not None:
        kept["score"] = score
    value = json_of(kept, "what was answered") if kept else "{}"
    at = next((row[name] for name in ("decided_at", "created_at", "at") if row.get(name)), None)
    return RowDecision(
        None if who in (None, "") else _line(str(who), "who decided", boundary.MOST_NAME),
        (DecisionKind.score if verdict is None else DecisionKind(verdict.value)).value,
        score if verdict is None else None,
        note,
        None if at is None else _seconds(str(at)),
        value,
        row.get("is_adjudication") is True,
        row.get("is_late") is True,
    )


def objects(value: Any, subject: str) -> list[Row]:
    """A list of objects, empty where there is none; raises `BadRow`."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise BadRow(f"its {subject} are no list of objects")
    return value


def _score(value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        score = float(value) if not isinstance(value, bool) else float("nan")
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRow(f"the score {str(value)[:40]!r} is no number") from error
    if not -boundary.MOST_SCORE <= score <= boundary.MOST_SCORE:
        raise BadRow(f"the score {str(value)[:40]!r} is no number from -1e9 to 1e9")
    return score


def _verdict(value: Any) -> Verdict | None:
    if value is None or value == "":
        return None
    verdict = shapes.verdict_of(value)
    if verdict is None:
        raise BadRow(f"the label {str(value)[:40]!r} is neither accept nor reject, nor another word for one of them")
    return verdict


def _line(value: Any, subject: str, most: int) -> str:
    text = value if isinstance(value, str) else str(value)
    if text and (fault := boundary.fault_of(text, most)):
        raise BadRow(f"{subject} {fault}")
    return text


@lru_cache(maxsize=4_096)
def _seconds(written: str) -> float:
    try:
        at = datetime.fromisoformat(written)
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        if boundary.fault_of_time(at) is None:
            return at.timestamp()
    except ValueError:
        pass
    raise BadRow(f"the time {written[:40]!r} is none. Write it as 2026-11-29T12:00:00+00:00")
