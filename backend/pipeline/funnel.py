"""What a selection is told by: how many dropped out at each stage, and how many labels people gave and overrode."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import values
from backend.db import tables
from backend.pipeline import left_out
from backend.pipeline.chosen import ChosenRows
from backend.pipeline.stage import StageContext
from backend.selectors import Selector


def funnel(stage: StageContext, db: Session, chosen: ChosenRows) -> list[dict[str, Any]]:
    """Prompts -> samples -> judged -> labelled -> selected, each with its count; the last with reasons for drops."""
    counts, label, gold = stage.round.counts, tables.Label, tables.GoldItem
    seen = [label.round_id == stage.round.id]
    if not stage.recipe.is_slots:
        sample, group = tables.Sample, tables.Group
        of_source = (group.round_id == stage.round.id, group.step == stage.place.source, sample.step < stage.step)
        ids = select(sample.id).join(group, group.id == sample.group_id).where(*of_source)
        seen.append(label.sample_id.in_(ids))
        number = db.scalar(select(func.count()).select_from(label).where(*seen))
        counts = counts | {"samples": number or 0}
    is_known = gold.sample_id.is_not(None)
    labelled, people, unparsed = db.execute(
        select(
            func.count().filter(label.verdict.is_not(None) | is_known),
            func.count().filter((label.source == values.LabelSource.person) | is_known),
            func.count().filter(label.is_unparsed),
        )
        .outerjoin(gold, gold.sample_id == label.sample_id)
        .where(*seen)
    ).one()
    selector = stage.place.step.part
    if isinstance(selector, Selector) and not selector.needs_texts and "prompts" not in counts:
        counts = counts | {"prompts": len(chosen.selected)}
    samples = counts.get("samples", 0)
    unjudged = left_out.counts(db, stage.round.id, values.Stage.judge)
    no_verdict = {"no verdict in any reply": unparsed} if unparsed else {}
    stages = own_prompts(stage, db)
    repeats = {"same text in a newer round": chosen.repeats} if chosen.repeats else {}
    return [
        *stages,
        {"stage": "prompts", "count": counts.get("prompts", 0), "dropped": counts.get("left_out", {})},
        {"stage": "samples", "count": samples, "dropped": {}},
        {"stage": "judged", "count": samples - unparsed - sum(unjudged.values()), "dropped": no_verdict | unjudged},
        {"stage": "labelled", "count": labelled, "dropped": {}, "by people": people}
        | ({"cut": chosen.cut} if chosen.cut else {}),
        {"stage": "selected", "count": len(chosen.selected), "dropped": dict(chosen.dropped), "unit": chosen.unit},
        {
            "stage": "training rows",
            "count": sum(1 for _ in chosen.origins()),
            "dropped": repeats,
            "earlier rounds": len(chosen.earlier),
            "seed rows": len(chosen.mix),
        }
        | ({"earlier steps": len(chosen.before)} if chosen.before else {}),
    ]


def own_prompts(stage: StageContext, db: Session) -> list[dict[str, Any]]:
    """How many texts the round adopted as prompts before this step, and why it dropped others."""
    noted = db.scalar(select(tables.Round.steps).where(tables.Round.id == stage.round.id)) or {}
    entries = [noted.get(str(place.index), {}) for place in stage.places[: stage.step]]
    return [
        {"stage": "adopted prompts", "count": entry["adopted"], "dropped": entry["dropped"]}
        for entry in entries
        if "adopted" in entry
    ]


def looked_at(db: Session, round_id: int) -> tuple[int, int]:
    """To how many samples that the judge had labelled people gave a verdict, and how many of these they overrode.

    Gold items have the label that was known, whether or not anybody reviewed them: they are in neither.
    """
    label, gold = tables.Label, tables.GoldItem
    is_judged = label.machine_verdict.is_not(None)
    query = select(func.count(), func.count().filter(label.is_overridden)).where(
        label.round_id == round_id,
        label.source == values.LabelSource.person,
        label.verdict.is_not(None),
        label.kind != values.SampleKind.edit,
        is_judged,
        ~select(gold.sample_id).where(gold.sample_id == label.sample_id).exists(),
    )
    decided, overridden = db.execute(query).one()
    return decided, overridden
