"""What a plan's texts need of the contexts they must fit into, as far as it can be told without loading a model."""

import json
import logging
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from backend import shared_files
from backend.config import settings
from backend.db import tables
from backend.engines import _weights
from backend.engines._wrapper import innermost
from backend.generators import Generator
from backend.recipes import Recipe
from backend.trainers import Trainer

log = logging.getLogger("rondo.services")

CONTEXT_FIELDS = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length")
LONGEST_TEXT = 200_000
"""Characters of a prompt that are counted; a longer one fits into no context that matters here."""
MOST_KNOWN = 64
"""Sets whose longest prompt is kept; then all are read anew."""

_known: dict[tuple[str, int, int, datetime], str] = {}


def problems(
    db: Session,
    project_id: int,
    recipe: Recipe,
    *,
    policy_id: int,
    judge_id: int | None,
    sample_set_ids: tuple[int, ...],
) -> tuple[list[str], list[str]]:
    """Return (what cannot work, what may not): sentences with subject, reason and way out.

    Where a context or a tokenizer is not known (an endpoint, a model that is not here yet), nothing is said of it.
    """
    longest_prompt = longest(db, project_id, sample_set_ids)
    policy = db.get(tables.Checkpoint, policy_id)
    judge = db.get(tables.Checkpoint, judge_id) if judge_id else policy
    errors, warnings = _of_policy(policy, recipe, longest_prompt)
    if recipe.is_slots and recipe.judge.needs_engine:
        more_errors, more_warnings = _of_judge(judge, recipe, longest_prompt)
        errors, warnings = errors + more_errors, warnings + more_warnings
    return errors, warnings


def _of_policy(policy: tables.Checkpoint | None, recipe: Recipe, longest: str) -> tuple[list[str], list[str]]:
    context = context_of(policy)
    if policy is None or context is None:
        return [], []
    asked = tokens_of(policy, longest)
    if asked is not None and asked >= context:
        return [], [
            f"The longest prompt has at least {asked:,} tokens, but the context of {policy.name} holds {context:,}: "
            "prompts without room for an answer are left out and counted."
        ]
    trainers = [trainer for trainer in recipe.of_kind("trainer") if trainer.max_tokens_per_rollout]
    writers = [*recipe.answering()[:1], *trainers]
    sentences = (_of_writer(writer, policy, asked or 0, context) for writer in writers)
    return [], [fromkey for fromkey in dict.fromkeys(sentences) if fromkey]


def _of_writer(part: Generator | Trainer, policy: tables.Checkpoint, asked: int, context: int) -> str:
    """What is said where the longest chat of a part that writes does not fit; empty where it does."""
    if isinstance(part, Generator):
        budget, knob = part.max_tokens_per_sample, "generator.max_tokens"
    else:
        budget, knob = part.max_tokens_per_rollout, "trainer.max_completion_length"
    own, beside = part.max_tokens_per_chat, max((tokens_of(policy, text) or 0 for text in part.asked_beside), default=0)
    if own + beside + asked <= context:
        return ""
    if own == budget and not beside:
        return (
            f"{knob} is {own:,}, but the context of {policy.name} holds {context:,} tokens, prompt and answer "
            "together: longer answers are cut off there."
        )
    return (
        f"A chat of {part.name} may hold {own + beside:,} tokens beside its prompt: {own:,} of texts by the model and "
        f"{beside:,} of what it is asked with them. The context of {policy.name} holds {context:,}, all together: what "
        f"does not fit is cut off or left out. Lower {knob}, or shorten what is asked."
    )


def _of_judge(judge: tables.Checkpoint | None, recipe: Recipe, longest: str) -> tuple[list[str], list[str]]:
    context, template = context_of(judge), getattr(recipe.judge, "template", "")
    if judge is None or context is None or not template:
        return [], []
    own, asked = tokens_of(judge, template), tokens_of(judge, longest)
    if own is None:
        return [], []
    if own >= context:
        return [
            f"judge.template: it has {own:,} tokens, but the context of the judge {judge.name} holds {context:,}. "
            "Shorten the template, or choose a judge with a longer context."
        ], []
    whole = own + (asked or 0) + recipe.generator.max_tokens_per_sample + recipe.judge.max_tokens_per_call
    if whole <= context:
        return [], []
    return [], [
        f"The judge's template ({own:,} tokens), the longest prompt, a sample and a reply of full length need "
        f"{whole:,} tokens, but the context of {judge.name} holds {context:,}: what does not fit gets no score."
    ]


def context_of(checkpoint: tables.Checkpoint | None) -> int | None:
    """How many tokens the checkpoint's context holds; None where neither a folder here nor an endpoint's test says."""
    served = innermost(checkpoint.engine) if checkpoint is not None else {}
    if served.get("name") == "openai":
        return served.get("context")
    folder = _folder(checkpoint)
    return None if folder is None else _context(str(folder), _changed(folder / "config.json"))


def tokens_of(checkpoint: tables.Checkpoint, text: str) -> int | None:
    """How many tokens the checkpoint's tokenizer makes of a text, without the marks of a chat."""
    folder = _folder(checkpoint)
    if folder is None or not (folder / "tokenizer.json").is_file():
        return None
    return _count(str(folder), _changed(folder / "tokenizer.json"), text[:LONGEST_TEXT])


def vocabulary_of(checkpoint: tables.Checkpoint) -> dict[str, int] | None:
    """The number of each of its tokens; None where its tokenizer is not written in a folder of this machine."""
    folder = _folder(checkpoint)
    if folder is None or not (folder / "tokenizer.json").is_file():
        return None
    tokenizer = _tokenizer(str(folder), _changed(folder / "tokenizer.json"))
    return None if tokenizer is None else dict(tokenizer.get_vocab(with_added_tokens=True))


def _folder(checkpoint: tables.Checkpoint | None) -> Path | None:
    """The folder with the configuration; of an adapter, its base's."""
    engine = innermost(checkpoint.engine) if checkpoint is not None else {}
    model = engine.get("model")
    if engine.get("name") != "transformers" or not model:
        return None
    if shared_files.may_have(settings().folder / str(model)):
        return None  # another machine made it: a form does not wait until it is fetched
    folder = Path(_weights.locate(str(model)))
    return folder if folder.is_dir() else None


def _changed(file: Path) -> float:
    return file.stat().st_mtime if file.is_file() else 0.0


@lru_cache(maxsize=64)
def _context(folder: str, _changed_at: float) -> int | None:
    try:
        config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    known = [config[name] for name in CONTEXT_FIELDS if isinstance(config.get(name), int)]
    return min(known, default=None)


@lru_cache(maxsize=16)
def _count(folder: str, changed_at: float, text: str) -> int | None:
    tokenizer = _tokenizer(folder, changed_at)
    return None if tokenizer is None else len(tokenizer.encode(text, add_special_tokens=False).ids)


@lru_cache(maxsize=2)
def _tokenizer(folder: str, _changed_at: float) -> Any:
    try:
        from tokenizers import Tokenizer  # comes with transformers, and needs no torch

        return Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    except Exception as error:  # the library raises nothing narrower
        log.warning("The tokenizer in %s cannot be read, so no tokens are counted: %s", folder, error)
        return None


def longest(db: Session, project_id: int, set_ids: tuple[int, ...]) -> str:
    """The longest prompt of these sets of the project, all its turns together."""
    row = tables.PromptSet
    query = select(row.id, row.num_prompts, row.created_at).where(row.project_id == project_id, row.id.in_(set_ids))
    return max((_longest_in(db, *place) for place in db.execute(query).tuples()), key=len, default="")


def _longest_in(db: Session, set_id: int, num_prompts: int, created_at: datetime) -> str:
    """The set's longest prompt. Every prompt is read for it, so it is kept: after its import a set never changes.

    The form asks at every key. The time of the import tells a set from one before it that had its number.
    """
    key = (str(db.get_bind().engine.url), set_id, num_prompts, created_at)
    if (known := _known.get(key)) is not None:
        return known
    prompt = tables.Prompt
    query = select(prompt.messages).where(prompt.prompt_set_id == set_id)
    messages = db.scalar(query.order_by(func.length(cast(prompt.messages, String)).desc()).limit(1)) or []
    text = "\n".join(str(message["content"]) for message in messages)[:LONGEST_TEXT]
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[key] = text
    return text
