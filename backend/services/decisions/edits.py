"""The sample that a rewritten text becomes."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.filters import Filters
from backend.db.listing_scope import scope
from backend.services.access import Actor
from backend.values import LabelSource, SampleKind

SHARED = ("project_id", "round_id", "group_id", "prompt_id", "checkpoint_id", "split", "step", "role")
"""What an edited text has in common with the text it was made of."""


def make_edit(db: Session, actor: Actor, original: tables.Sample, text: str) -> int:
    """Write the edited text as a sample of its own; the original stays, with its label."""
    sample = tables.Sample
    db.scalars(select(tables.Group.id).where(tables.Group.id == original.group_id).with_for_update()).one()
    last = db.scalar(
        select(func.max(sample.position)).where(sample.group_id == original.group_id, sample.kind == SampleKind.edit)
    )
    tokens = max(1, round(original.num_tokens * len(text) / max(1, len(original.text))))
    edited = tables.Sample(
        **{name: getattr(original, name) for name in SHARED},
        author_id=actor.user_id,
        edited_from_id=original.id,
        kind=SampleKind.edit,
        position=0 if last is None else last + 1,
        text=text,
        finish_reason="stop",
        num_tokens=tokens,
        seed=0,
        turns=[*original.turns[:-1], original.turns[-1] | {"content": text}] if original.turns else None,
    )
    db.add(edited)
    db.flush()
    db.add(
        tables.Label(
            sample_id=edited.id,
            round_id=original.round_id,
            kind=SampleKind.edit,
            num_tokens=tokens,
            source=LabelSource.none,
            updated_at=now(),
            step=original.step,
        )
    )
    db.flush()
    return edited.id


def in_round(db: Session, round_id: int) -> list[int]:
    """The texts of a round that people wrote: by the index of labels, of few among many."""
    label, facets = tables.Label, scope(db, round_id, Filters(kind=("edit",))).facets
    if not facets:
        return []
    return list(db.scalars(select(label.sample_id).where(label.round_id == round_id, label.facet.in_(facets))))
