"""What a person may see of a round's samples until its review is over: those who will decide do not see others'
verdicts.

That begins with the round: whoever reads the scores while the judge is at work has seen them when the review begins.
Curators see everything. Whoever may only read never decides, and sees the judge's view when the review is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import Filters, Sort, SortKey
from backend.errors import PermissionDenied
from backend.services import review_settings
from backend.services.access import Actor, role_at_home
from backend.services.decisions.own_words import decided
from backend.services.review_settings import Mode
from backend.services.rounds import review_scope
from backend.services.samples.rows import SampleRow
from backend.values import LabelSource, Role, RoundStatus

OTHERS = {
    "verdict": "verdict",
    "source": "label by",
    "is_overridden": "human disagrees",
    "is_flagged": "flagged",
    "min_score": "score",
    "max_score": "score",
    "tag": "tags",
}
"""Filters that tell what people decided, as the page calls them: a score that a person gave is the label's."""
JUDGE = OTHERS | {"is_unparsed": "unparsed", "metadata": "metadata", "judge": "judge", "judged_by": "judge"}
"""Filters that tell what the judge said, or what people made of it; a file's columns may say so, too."""
TOLD = "This is hidden until the review is over, so that it sways nobody who decides."


@dataclass(frozen=True)
class Hidden:
    """What of items not yet decided the person does not see: the judge's view, colleagues' decisions.

    `disputes`: on which items reviewers disagree, which would tell gold items from others: nobody disagrees on them.
    """

    judge: bool = False
    others: bool = False
    disputes: bool = False

    def __bool__(self) -> bool:
        return self.judge or self.others


def hidden(db: Session, actor: Actor, round_: tables.Round) -> Hidden:
    """What this round hides from the actor now."""
    if not awaits_decisions(round_):
        return Hidden()
    role = role_at_home(db, actor, round_.project_id)  # prompts of a set are read while a round in the trash asks them
    if role is not None and role.rank >= Role.curator.rank:
        return Hidden()
    others_visible = review_settings.read(round_.review).others_visible
    return Hidden(awaits_blind(round_), not others_visible, disputes=True)


def awaits_blind(round_: tables.Round) -> bool:
    """Whether people decide on the round, or will, and are not shown the judge's view before."""
    is_blind = round_.is_blind and review_settings.read(round_.review).mode is not Mode.judgment
    return is_blind and awaits_decisions(round_)


def awaits_decisions(round_: tables.Round) -> bool:
    """Whether people decide on the round, or will when the judge has ended."""
    is_ahead = round_.status is RoundStatus.running and round_.is_reviewed and review_scope.is_before_people(round_)
    return is_ahead or round_.status is RoundStatus.review


def narrowed(kept: Hidden, round_: tables.Round, filters: Filters) -> Filters:
    """The filters, kept to the texts that people decide on where the judge's view is hidden.

    Others are what these texts came from and what was said of them: a judge's reply tells as much as its score. Raises
    `PermissionDenied` for a step that is hidden.
    """
    shown = review_scope.steps_shown(round_) if kept.judge else ()
    if not shown:
        return filters
    if not set(filters.step) <= set(shown):
        raise PermissionDenied(f"You cannot see the texts of this step until this round is reviewed. {TOLD}")
    return replace(filters, step=filters.step or shown)


def refuse_hidden(kept: Hidden, round_: tables.Round, sample: tables.Sample) -> None:
    """Raise `PermissionDenied` for a sample that is hidden with the judge's view."""
    shown = review_scope.steps_shown(round_) if kept.judge else ()
    if shown and sample.step not in shown:
        raise PermissionDenied(f"You cannot see sample {sample.id} until this round is reviewed. {TOLD}")


def refuse(actor: Actor, kept: Hidden, filters: Filters, sort: Sort) -> None:
    """Raise where a filter or an order would tell the actor what is hidden from them."""
    names = JUDGE if kept.judge else OTHERS if kept.others else {}
    asked = [word for name, word in names.items() if name in filters.changed()]
    # What they decided themselves they know.
    is_of_others = filters.decided in ("others", "nobody")
    is_of_others |= filters.reviewer != actor.user_id and bool(filters.human_verdict or filters.reviewer is not None)
    asked += ["decisions of others"] if kept and is_of_others else []
    asked += ["disagreements"] if kept.disputes and filters.decided == "disputed" else []
    asked += ["answers"] if filters.answer and (kept.others or (kept.judge and filters.asks_judge)) else []
    if asked:
        raise PermissionDenied(f"You cannot filter by {asked[0]} until this round is reviewed. {TOLD} Leave it out.")
    # The order is that of the labels, those included that colleagues gave.
    for key in (sort.key, sort.then):
        if (kept and key is SortKey.score) or (kept.judge and key is SortKey.spread):
            raise PermissionDenied(f"You cannot sort by {key} until this round is reviewed. {TOLD} Choose another.")


def visible_rows(db: Session, actor: Actor, kept: Hidden, rows: Sequence[SampleRow]) -> list[SampleRow]:
    """The rows as the actor may see them. Where the judge's view is shown, its label stands instead of colleagues'."""
    ids = [row.id for row in rows]
    known = decided(db, actor, ids) if kept and ids else set(ids)
    label = tables.Label
    query = select(label.sample_id, label.machine_score, label.machine_verdict).where(label.sample_id.in_(ids))
    words = (
        {}
        if kept.judge or len(known) == len(ids)
        else {sample_id: (score, verdict) for sample_id, score, verdict in db.execute(query)}
    )
    return [row if row.id in known else masked(kept, row, *words.get(row.id, (None, None))) for row in rows]


def masked(kept: Hidden, row: SampleRow, score: Any, verdict: Any) -> SampleRow:
    source = LabelSource.none if score is None and verdict is None else LabelSource.judge
    row = replace(
        row, score=score, verdict=verdict, source=source, is_overridden=False, is_correct=None, is_hidden=True
    )
    if kept.judge:
        # A file may say in its columns what a judge or a person would.
        row = replace(row, spread=None, is_unparsed=False, metadata={})
    return replace(row, is_flagged=False) if kept.others else row
