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


def renamed(value: Any, ids: Mapping[int, int]) -> Any:
    """A sample's id, or several, as those of the copies."""
    if isinstance(value, list):
        return [ids.get(sample_id, sample_id) for sample_id in value]
    return ids.get(value, value)


def scored(labels: Sequence[Row], decided: Sequence[Row]) -> set[int]:
    """The texts whose label has a score that people gave: one of their standing decisions, or the mean of them.

    A place in a ranking of all texts of a prompt is such a score, too.
    """
    last: dict[int, dict[int, float | None]] = defaultdict(dict)
    ranked: set[int] = set()
    for row in decided:
        if row["is_late"]:
            continue
        if row["kind"] is DecisionKind.rank:
            ranked |= set(row["value"].get("order") or ())
        elif row["kind"] in LABELLING:
            last[row["sample_id"]][row["user_id"]] = row["score"] if row["kind"] is DecisionKind.score else None
    sample_ids = set()
    for label in labels:
        scores = [score for score in last[label["sample_id"]].values() if score is not None]
        given = [*scores, *([mean_score(scores)] if scores else [])]
        is_given = label["score"] is not None and any(abs(score - label["score"]) <= SCORE_GAP for score in given)
        if label["sample_id"] in ranked or is_given:
            sample_ids.add(label["sample_id"])
    return sample_ids


def as_verdict(decision: Row, cut: float | None) -> Row:
    """A decision of kind score as the verdict that it gave at this cut; as it is without a cut, and of other kinds."""
    if cut is None or decision["kind"] is not DecisionKind.score or decision["score"] is None:
        return decision
    kind = DecisionKind.accept if decision["score"] >= cut else DecisionKind.reject
    return decision | {"kind": kind, "score": None}


def before_judging(
    labels: Sequence[Row], judged: Sequence[Row], judges: Mapping[int, Judge], own: Set[int]
) -> list[Row]:
    """The labels as they were before the judges that come: with the word of the last judge before, if there is any.

    `own`: the texts whose score stays, since people gave it; one that came from the judge goes with it.
    """
    by_sample: dict[int, list[Row]] = defaultdict(list)
    for row in judged:
        by_sample[row["sample_id"]].append(row)
    return [
        _label(label, _word(by_sample.get(label["sample_id"], ()), judges), is_own=label["sample_id"] in own)
        for label in labels
    ]


def _word(judged: Sequence[Row], judges: Mapping[int, Judge]) -> tuple[float | None, Verdict | None]:
    steps = [row["step"] for row in judged if row["step"] in judges]
    if not steps:
        return None, None
    last = [
        Judgment(row["sample_id"], row["judge"], row["position"], row["score"], row["verdict"], "", "")
        for row in judged
        if row["step"] == max(steps)
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
    decided_by = {
        sample_id: (score, verdict)
        for sample_id, score, verdict in zip(
            labels["sample_id"], labels["machine_score"], labels["machine_verdict"], strict=True
        )
    }
    for ids in in_chunks(list(decided_by)):
        query = select(label.sample_id, label.score, label.verdict)
        for sample_id, own, verdict in db.execute(
            query.where(label.sample_id.in_(ids), label.source == LabelSource.person)
        ):
            score = decided_by[sample_id][0] if own is None else own
            columns["sample_id"].append(sample_id)
            columns["score"].append(score)
            columns["is_overridden"].append(_overrides(verdict, score, *decided_by[sample_id]))
    return columns


def _overrides(verdict: Verdict | None, score: float | None, machine: float | None, of_people: Verdict | None) -> bool:
    if verdict is not None and of_people is not None and verdict is not of_people:
        return True
    return score is not None and machine is not None and abs(score - machine) > SCORE_GAP
