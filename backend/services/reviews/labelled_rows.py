"""Samples as rows of a list in which one decides in place: the text, the label, and one's own decision."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.db import reading, standing, tables
from backend.db.standing import DECIDING
from backend.errors import InvalidInput
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import Decision
from backend.services.decisions.rows import own
from backend.services.queue import in_round
from backend.services.queue.review_items import own_acts, own_flag, read
from backend.services.review_settings import Mode
from backend.services.rounds import get_row, review_scope
from backend.services.samples import visibility
from backend.services.samples.rows import SampleRow, read_rows
from backend.values import DecisionKind, Messages, Role

MOST_ROWS = 200
LONGEST = 8_000
"""So many characters of a text, and of its prompt, are in a row."""


@dataclass(frozen=True)
class LabelledRow:
    """A row. `sample`: the label, as the person may see it now. `mine`: their own decision that stands, a skip too.

    `text` and `prompt` are cut after `LONGEST` characters; `is_cut` says so. `flag`: the client_id of the person's own
    standing flag. `prompt`: all that was said before the text; `group_id`: samples of one prompt have the same.
    """

    sample: SampleRow
    group_id: int
    prompt: str
    text: str
    is_cut: bool
    mine: Decision | None
    flag: str | None


def read_labelled(actor: Actor, round_id: int, sample_ids: Sequence[int]) -> list[LabelledRow]:
    """The rows of these samples of the round, in their order; what is hidden from the actor is left out.

    For reviewers: whoever may only read decides nothing.
    """
    if len(sample_ids) > MOST_ROWS:
        raise InvalidInput(f"Rows of up to {MOST_ROWS} samples are read at once. Ask for fewer.")
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.reviewer)
        settings, kept = review_settings.read(round_.review), visibility.hidden(db, actor, round_)
        ids = in_round(db, round_id, sample_ids)
        if kept.judge:
            shown = review_scope.only_shown(db, round_, ids)
            ids = [sample_id for sample_id in ids if sample_id in shown]
        rows = visibility.visible_rows(db, actor, kept, read_rows(db, tuple(ids)))
        tells_hints = not kept.judge and (not round_.is_blind or settings.mode is Mode.judgment)
        texts, acts = read(db, actor, ids, tells_hints=tells_hints), own_acts(db, actor, ids)
        mine = own_decisions(db, actor, round_, ids)
    listed = []
    for row in rows:
        prompt, text = asked_of(texts[row.id].messages), str(texts[row.id].text)
        is_cut = len(text) > LONGEST or len(prompt) > LONGEST
        flag = own_flag(acts.get(row.id, ()))
        listed.append(
            LabelledRow(row, texts[row.id].group_id, prompt[:LONGEST], text[:LONGEST], is_cut, mine.get(row.id), flag)
        )
    return listed


def asked_of(messages: Messages) -> str:
    """What was said before a text: who said it stands before each message where there are several."""
    if len(messages) == 1:
        return str(messages[0]["content"])
    return "\n\n".join(f"{message['role']}: {message['content']}" for message in messages)


def own_decisions(db: Session, actor: Actor, round_: tables.Round, sample_ids: Sequence[int]) -> dict[int, Decision]:
    """The actor's last decision on each sample that stands, by the sample's number."""
    decision = tables.Decision
    query = standing.decisions(
        decision, late=True, gold=True, adjudication=False, batch=False, kinds=(*DECIDING, DecisionKind.skip)
    )
    query = query.where(decision.sample_id.in_(sample_ids), decision.user_id == actor.user_id)
    rows = db.scalars(query.order_by(decision.id)) if sample_ids else ()
    return {row.sample_id: own(db, row, actor, round_) for row in rows}
