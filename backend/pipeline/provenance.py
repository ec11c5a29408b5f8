"""What one needs to make a dataset's rows again."""

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import machine
from backend.db import standing, tables
from backend.pipeline.stage import StageContext

LIBRARIES = ("rondo", "torch", "transformers", "trl", "peft", "datasets", "accelerate")


def provenance(stage: StageContext, db: Session) -> dict[str, Any]:
    """What one needs to make these rows again, and who had a hand in them."""
    decision, user = tables.Decision, tables.User
    people = db.execute(
        select(user.name, func.count())
        .join(decision, decision.user_id == user.id)
        .where(decision.id.in_(standing.last_label_words().where(decision.round_id == stage.round.id)))
        .group_by(user.name)
        .order_by(user.name)
    )
    templates = select(tables.Judgment.template_hash).where(tables.Judgment.round_id == stage.round.id).distinct()
    recipe = json.dumps(stage.round.recipe, sort_keys=True).encode()
    return {
        "recipe": stage.recipe.name,
        "recipe_hash": hashlib.sha256(recipe).hexdigest(),
        "seed": stage.round.seed,
        "policy_id": stage.round.policy_id,
        "judge_id": stage.round.judge_id or stage.round.policy_id,
        "template_hashes": sorted(h for h in db.scalars(templates) if h),
        "people": {name: count for name, count in people},
        "libraries": {name: library_version(name) for name in LIBRARIES},
        "machine": machine.described(),
    }


def library_version(name: str) -> str | None:
    """The installed version, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
