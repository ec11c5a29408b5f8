"""A project of a million samples, as a round leaves it: eight samples a prompt, judged three times, partly reviewed."""

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import insert

from backend.db import now, session, tables
from backend.services.access import Actor
from backend.values import LabelSource, Role, RoundStatus, Split, Stage, Verdict
from tests import rows

PER_PROMPT = 8
CHUNK = 20_000
COMMON = [
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "is",
    "that",
    "it",
    "for",
    "was",
    "on",
    "are",
    "as",
    "with",
    "his",
    "they",
    "at",
    "be",
    "this",
    "from",
    "have",
    "or",
    "by",
    "one",
    "had",
    "not",
    "but",
]
SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "qui",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
    "xo",
    "yu",
    "za",
    "bri",
    "cle",
    "dro",
    "fla",
    "gri",
]


def vocabulary(size: int = 30_000) -> list[str]:
    """Made-up words, the common ones first."""
    chance = random.Random(0)
    words = dict.fromkeys(COMMON)
    while len(words) < size:
        words["".join(chance.choice(SYLLABLES) for _ in range(chance.choice((2, 3, 3, 4))))] = None
    return list(words)


def in_chunks(values: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(values, CHUNK)):
        yield chunk


def build(number: int) -> tuple[Actor, tables.Round]:
    """Write the project; about a minute for a million samples."""
    num_prompts = number // PER_PROMPT
    project = rows.make_project("bench", guidelines="Accept what answers the question.")
    round_ = rows.make_round(
        project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True, num_prompts=num_prompts
    )
    prompts = tables.PromptSet(project_id=project.id, name="bench", split=Split.train, num_prompts=num_prompts)
    with session() as db:
        db.add(prompts)
    chance, words = random.Random(1), vocabulary()
    for chunk in in_chunks(iter(range(num_prompts))):
        with session() as db:
            db.execute(insert(tables.Prompt), [prompt(prompts.id, n, chance, words) for n in chunk])
            db.execute(insert(tables.Group), [group(round_.id, n) for n in chunk])
    for chunk in in_chunks(iter(range(number))):
        with session() as db:
            db.execute(insert(tables.Sample), [sample(round_, n, chance, words) for n in chunk])
            db.execute(insert(tables.Label), [label(round_.id, n, chance) for n in chunk])
    with session() as db:
        db.connection().exec_driver_sql("ANALYZE")
    return rows.make_actor(project, Role.admin), round_


def some_words(chance: random.Random, words: list[str], number: int) -> str:
    """Half common words, half of a long tail."""
    tail = len(words)
    return " ".join(
        chance.choice(COMMON) if chance.random() < 0.5 else words[int(tail * chance.random() ** 3)]
        for _ in range(number)
    )


def prompt(set_id: int, n: int, chance: random.Random, words: list[str]) -> dict[str, Any]:
    text = some_words(chance, words, 20)
    return {
        "id": n + 1,
        "prompt_set_id": set_id,
        "position": n,
        "messages": [{"role": "user", "content": text}],
        "text": text,
        "extra": {},
        "content_hash": f"{n:064d}",
        "created_at": now(),
    }


def group(round_id: int, n: int) -> dict[str, Any]:
    return {
        "id": n + 1,
        "round_id": round_id,
        "prompt_id": n + 1,
        "split": Split.train,
        "position": n,
        "created_at": now(),
    }


def sample(round_: tables.Round, n: int, chance: random.Random, words: list[str]) -> dict[str, Any]:
    text = some_words(chance, words, 70)
    if n % 500_000 == 77:
        text += " unicorn"
    if n % 1000 == 13:
        text += " seldom"
    return {
        "id": n + 1,
        "project_id": round_.project_id,
        "round_id": round_.id,
        "group_id": n // PER_PROMPT + 1,
        "prompt_id": n // PER_PROMPT + 1,
        "checkpoint_id": round_.policy_id,
        "split": Split.train,
        "kind": "completion",
        "position": n % PER_PROMPT,
        "text": text,
        "finish_reason": "stop",
        "num_tokens": 0,
        "seed": 0,
        "score_like": False,
        "created_at": now(),
    }


def label(round_id: int, n: int, chance: random.Random) -> dict[str, Any]:
    """Scores are means of three votes; a hundredth is unparsed, a fiftieth truncated, a two-hundredth reviewed."""
    votes = [min(5, max(0, round(chance.gauss(3, 1.2)))) for _ in range(3)]
    score = None if chance.random() < 0.01 else sum(votes) / 3
    verdict = None if score is None else Verdict.accept if score >= 4 else Verdict.reject
    source = LabelSource.none if score is None else LabelSource.judge
    word, is_overridden = verdict, False
    if score is not None and chance.random() < 0.005:
        word, source = chance.choice([Verdict.accept, Verdict.reject]), LabelSource.person
        is_overridden = word is not verdict
    mean = sum(votes) / 3
    # Length follows the score a little, as it does with judges.
    length = max(1, int(chance.expovariate(1 / 120) + 10 * mean))
    spread = None if score is None else (sum((v - mean) ** 2 for v in votes) / 3) ** 0.5
    return {
        "sample_id": n + 1,
        "round_id": round_id,
        "score": score,
        "verdict": word,
        "source": source,
        "machine_score": score,
        "machine_verdict": verdict,
        "machine_spread": spread,
        "is_unparsed": score is None,
        "is_overridden": is_overridden,
        "is_truncated": length > 500,
        "is_flagged": chance.random() < 0.0005,
        "num_tokens": length,
        "updated_at": now(),
        "kind": "completion",
    }
