"""What serves a model folder in a round: the engine that the round was launched with, where it can do what is asked."""

import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import shared_files
from backend.config import settings
from backend.db import reading, tables
from backend.engines import Ability, can
from backend.engines._server_options import check_rank
from backend.engines._weights import is_adapter, locate, may_be_folder, rank_of
from backend.engines._wrapper import INNER, innermost, is_wrapper
from backend.engines.vllm import ABLE
from backend.errors import InvalidInput
from backend.generators import Generator
from backend.judges import Judge
from backend.pipeline.stage import StageContext
from backend.recipes import Recipe
from backend.registry import Part
from backend.values import JSON, LocalEngine, Stage

log = logging.getLogger("rondo.pipeline")

TUNE = "tune"
"""The kind of the job of a schedule that tries changes out."""
SHARED = ("model", "adapter", "dtype", "max_length")
"""Knobs that both engines have."""


def engine_of(stage: StageContext, engine: JSON) -> JSON:
    """The engine's JSON, its paths resolved, as the round's stage opens it.

    A step that needs what a server cannot tell, such as the probabilities of the whole vocabulary, keeps transformers;
    so does a scorer.
    """
    if stage.round.engine is not LocalEngine.vllm or not is_folder(engine):
        return engine
    if missing := [ability for ability in asked_of(stage) if not can(ABLE, ability)]:
        log.info("Served by transformers: this step asks a model to %s, which vLLM does not.", missing[0].in_words)
        return engine
    if (device := innermost(engine).get("device", "auto")) != "auto":
        log.info("Served by transformers: the checkpoint is bound to the device %s, which vLLM is not told.", device)
        return engine
    return as_vllm(engine, rank=highest_rank(stage))


def is_folder(engine: JSON) -> bool:
    """Whether the weights are a language model's that transformers serves here."""
    head = innermost(engine)
    return head["name"] == "transformers" and head.get("head", "language_model") == "language_model"


def as_vllm(engine: JSON, *, rank: int) -> JSON:
    """The same, its weights served by vLLM; what wraps them stays."""
    if is_wrapper(engine):
        return engine | {INNER: as_vllm(engine[INNER], rank=rank)}
    kept = {name: engine[name] for name in SHARED if engine.get(name) is not None}
    return {"name": "vllm", **kept, "lora_rank": rank}


def asked_of(stage: StageContext) -> list[Ability]:
    """What the stage's steps ask of models: its own, or all that a schedule tries out."""
    if stage.kind == TUNE:
        tried = [stage.recipe, *(stage.recipe.tried(changes) for changes in stage.recipe.schedule.trials())]
        places = [place for recipe in tried for place in recipe.pilot(stage.round.phase)]
        return [ability for place in places for ability in _asked_by(place.step.part)]
    return [Ability.complete] if stage.stage is Stage.evaluate else _asked_by(stage.place.step.part)


def _asked_by(part: Part) -> list[Ability]:
    if isinstance(part, Judge):
        return [part.asks_for]
    return [Ability.complete, *(part.asked_roles.values() if isinstance(part, Generator) else ())]


def highest_rank(stage: StageContext) -> int:
    """The highest rank of the adapters that the round may ask for: one server then has room for all of them.

    Of those that its checkpoints have, and of those that its trainings make. 0: there are none. Raises `InvalidInput`
    where vLLM has no room for one.
    """
    ranks = [trained_rank(stage.recipe)]
    with reading() as db:
        engines = [innermost(engine) for engine in _engines(db, stage.round)]
    for engine in engines:
        for folder in (engine.get("adapter"), engine.get("model")) if engine["name"] == "transformers" else ():
            ranks += [_rank(folder)] if isinstance(folder, str) else []
    check_rank(max(ranks))
    return max(ranks)


def trained_rank(recipe: Recipe) -> int:
    """The highest rank of the adapters that a recipe trains; 0: none."""
    trainers = [trainer for trainer in recipe.of_kind("trainer") if getattr(trainer, "lora", False)]
    return max((int(getattr(trainer, "lora_r", 0)) for trainer in trainers), default=0)


def _engines(db: Session, round_: tables.Round) -> list[dict[str, Any]]:
    row, role = tables.Checkpoint, tables.RoundRole
    bound = {round_.policy_id, round_.reference_id, round_.judge_id, round_.checkpoint_id}
    bound |= set(db.scalars(select(role.checkpoint_id).where(role.round_id == round_.id)))
    return list(db.scalars(select(row.engine).where(row.id.in_(bound - {None})).order_by(row.id)))


def _rank(folder: str) -> int:
    inside = settings().folder / folder
    may_be_ours = inside.exists() or may_be_folder(folder)
    try:
        located = locate(str(inside) if may_be_ours and shared_files.bring(inside) else folder)
        return rank_of(located) if is_adapter(located) else 0
    except InvalidInput:
        return 0
