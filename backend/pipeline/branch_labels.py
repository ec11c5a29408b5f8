"""Labels of a branch that is judged anew: people's words stay, the machine's word goes and comes again."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.db.standing import LABELLING
from backend.judges import Judge
from backend.values import SCORE_GAP, DecisionKind, Judgment, LabelSource, Verdict, mean_score

Row = dict[str, Any]
NAMES = ("best", "worst", "order", "tie", "all_bad", "edit_id")
"""Where the value of a decision names samples."""


def renamed(said: Any, ids: Mapping[int, int]) -> Any:
    """A sample's id, or several, as those of the copies."""
    if isinstance(said, list):
        return [ids.get(n, n) for n in said]
    return ids.get(said, said)


def scored(labels: Sequence[Row], decided: Sequence[Row]) -> set[int]:
    """The texts whose label has a score that people gave: one of their standing decisions, or the mean of them.

    A place in a ranking of all texts of a prompt is such a score, too.
    """
    last: dict[int, dict[int, float | None]] = defaultdict(dict)
    ranked: set[int] = set()
    for one in decided:
        if one["is_late"]:
            continue
        if one["kind"] is DecisionKind.rank:
            ranked |= set(one["value"].get("order") or ())
        elif one["kind"] in LABELLING:
            last[one["sample_id"]][one["user_id"]] = one["score"] if one["kind"] is DecisionKind.score else None
    found = set()
    for label in labels:
        scores = [score for score in last[label["sample_id"]].values() if score is not None]
        given = [*scores, *([mean_score(scores)] if scores else [])]
        is_given = label["score"] is not None and any(abs(one - label["score"]) <= SCORE_GAP for one in given)
        if label["sample_id"] in ranked or is_given:
            found.add(label["sample_id"])
    return found


def as_verdict(decision: Row, cut: float | None) -> Row:
    """A decision of kind score as the verdict that it gave at this cut; as it is without a cut, and of other kinds."""
    if cut is None or decision["kind"] is not DecisionKind.score or decision["score"] is None:
        return decision
    kind = DecisionKind.accept if decision["score"] >= cut else DecisionKind.reject
    return decision | {"kind": kind, "score": None}


def before_judging(labels: Sequence[Row], said: Sequence[Row], judges: Mapping[int, Judge], own: Set[int]) -> list[Row]:
    """The labels as they were before the judges that come: with the word of the last judge before, if there is any.

    `own`: the texts whose score stays, since people gave it; one that came from the judge goes with it.
    """
    by_sample: dict[int, list[Row]] = defaultdict(list)
    for one in said:
        by_sample[one["sample_id"]].append(one)
    return [
        _label(one, _word(by_sample.get(one["sample_id"], ()), judges), is_own=one["sample_id"] in own)
        for one in labels
    ]


def _word(said: Sequence[Row], judges: Mapping[int, Judge]) -> tuple[float | None, Verdict | None]:
    steps = [one["step"] for one in said if one["step"] in judges]
    if not steps:
        return None, None
    last = [
        Judgment(one["sample_id"], one["judge"], one["position"], one["score"], one["verdict"], "", "")
        for one in said
        if one["step"] == max(steps)
    ]
    return judges[max(steps)].label(last)


def _label(label: Row, word: tuple[float | None, Verdict | None], *, is_own: bool) -> Row:
    score, verdict = word
    machine = {"machine_score": score, "machine_verdict": verdict, "machine_spread": None, "is_unparsed": False}
    if label["source"] is LabelSource.person:
        own = label["score"] if is_own else score
        return label | machine | {"score": own, "is_overridden": _overrides(label["verdict"], own, score, verdict)}
    source = LabelSource.none if word == (None, None) else LabelSource.judge
    return label | machine | {"score": score, "verdict": verdict, "source": source, "is_overridden": False}


def of_people(db: Session, labels: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Columns of the labels that people gave, now that the judge has spoken: scores that they lack, and overrides."""
    label = tables.Label
    columns: dict[str, list[Any]] = {"sample_id": [], "score": [], "is_overridden": []}
    said = {
        n: (score, verdict)
        for n, score, verdict in zip(
            labels["sample_id"], labels["machine_score"], labels["machine_verdict"], strict=True
        )
    }
    for ids in in_chunks(list(said)):
        query = select(label.sample_id, label.score, label.verdict)
        for n, own, verdict in db.execute(query.where(label.sample_id.in_(ids), label.source == LabelSource.person)):
            score = said[n][0] if own is None else own
            columns["sample_id"].append(n)
            columns["score"].append(score)
            columns["is_overridden"].append(_overrides(verdict, score, *said[n]))
    return columns


def _overrides(verdict: Verdict | None, score: float | None, machine: float | None, said: Verdict | None) -> bool:
    if verdict is not None and said is not None and verdict is not said:
        return True
    return score is not None and machine is not None and abs(score - machine) > SCORE_GAP
