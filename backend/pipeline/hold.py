"""A red light of the judge holds its round before a training, until a curator says why it may go on."""

from typing import Any

from backend.db import now, reading, tables
from backend.jobs.refusals import BESIDE
from backend.pipeline import health
from backend.pipeline.health import Health, Light
from backend.pipeline.stage import StageContext
from backend.values import JSON, Stage


def wanted(stage: StageContext) -> JSON | None:
    """What the round's row says where it has to wait before the training that comes next; None where it goes on.

    Nobody holds a round of a project that switched the hold off, nor one that somebody let go on. Asked before the
    transaction that ends the job: it takes longer than a transaction should.
    """
    if stage.kind == BESIDE or stage.stage is Stage.evaluate or not _is_before_training(stage):
        return None
    with reading() as db:
        row = db.get_one(tables.Round, stage.round.id)
        if not health.holds(db, row):
            return None
        judged = health.of_labels(db, row)
    return noted(judged) if judged.light is Light.red else None


def _is_before_training(stage: StageContext) -> bool:
    if stage.kind in ("branch", "tune"):
        return stage.round.stage is Stage.train
    following = stage.next_step
    waits = stage.is_before_people and stage.round.is_reviewed
    return not waits and following < len(stage.places) and stage.places[following].step.kind == "trainer"


def noted(judged: Health) -> dict[str, Any]:
    """What is kept on the round: the sentence, and the numbers that are beyond their limits."""
    figures = [
        {
            "name": red.name,
            "title": red.title,
            "value": red.number.value,
            "low": red.number.low,
            "high": red.number.high,
            "n": red.number.n,
            "limit": red.red,
        }
        for red in judged.reds()
    ]
    return {"said": judged.sentence, "figures": figures, "at": now().isoformat()}
