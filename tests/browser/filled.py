"""Rows for the pages of what people try beside their rounds: previews, rewrites, trainings, judge benches, arenas."""

import itertools
from collections.abc import Sequence
from typing import Any

from backend.db import now, session, tables
from backend.services.plans.plan import Plan
from backend.services.previews import _stored
from backend.values import JSON, JobStatus, Split, Stage
from tests import rows
from tests.integration.benches import make_bench
from tests.integration.held_out import measure

NUMBER: dict[str, Any] = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 8}


def fill(round_: tables.Round, texts: Sequence[str]) -> dict[str, str]:
    """Put the texts wherever such a page shows what somebody wrote. Return what addresses of pages ask for."""
    project = _project(round_)
    words = itertools.cycle(texts)
    with session() as db:
        samples = db.query(tables.Sample).filter_by(round_id=round_.id, split=Split.train).limit(2).all()
    held = rows.make_prompt_set(
        project, prompts=[f"asked {n} {text}" for n, text in enumerate(texts)], split=Split.held_out
    )
    sides = [rows.make_checkpoint(project, f"side {n}") for n in range(2)]
    for n, side in enumerate(sides):
        measure(round_, side, [held], [0], texts=[f"side {n} {text}" for text in texts])
    with session() as db:
        preview = tables.Preview(
            project_id=project.id,
            job_id=_job(db, round_, next(words)),
            plan=_stored(Plan(recipe=rows.RECIPE | {"title": next(words)}, policy_id=1, reference_id=1)),
            result=_previewed(texts),
        )
        rewrite = tables.TemplateRewrite(
            project_id=project.id,
            round_id=round_.id,
            step=2,
            job_id=_job(db, round_, next(words)),
            asked={
                "judge_id": round_.policy_id,
                "reflector_id": sides[0].id,
                "rewrites": 2,
                "template": "\n".join(texts),
            },
            result=_rewritten(texts, samples[0].id),
        )
        training = db.get_one(tables.Job, _job(db, round_, next(words), stage=Stage.train))
        training.spec = {"preflight": _looked(texts)}
        db.add_all(tables.JobPoint(job_id=training.id, name=f"{next(words)}"[:80], step=n, value=n) for n in range(3))
        bench, judge = make_bench(db, project, samples, next(words)[:100])
        judge.error, judge.notes, bench.job_id = next(words), list(texts), _job(db, round_, next(words))
        arena = tables.Arena(project_id=project.id, first_id=sides[0].id, second_id=sides[1].id, secret="0" * 64)
        db.add_all([preview, rewrite, arena])
        db.flush()
        of_side = [
            db.query(tables.Sample).filter_by(checkpoint_id=side.id).order_by(tables.Sample.id).all() for side in sides
        ]
        db.add_all(
            tables.ArenaMatch(
                arena_id=arena.id, prompt_id=sample.prompt_id, first_sample_id=sample.id, second_sample_id=two.id
            )
            for sample, two in zip(*of_side, strict=True)
        )
        return {
            "previews": f"?preview={preview.id}",
            "rewrites": f"?rewrite={rewrite.id}",
            "training": f"?rounds={round_.id}",
            "judge-bench": f"?bench={bench.id}",
            "arena": f"?arena={arena.id}",
            "pairs": f"?round={round_.id}",
        }


def _project(round_: tables.Round) -> tables.Project:
    with session() as db:
        return db.get_one(tables.Project, round_.project_id)


def _job(db: Any, round_: tables.Round, error: str, *, stage: Stage = Stage.generate) -> int:
    row = tables.Job(
        project_id=round_.project_id,
        round_id=round_.id if stage is Stage.train else None,
        workflow_id=f"filled {rows.next_number(db, tables.Job)}",
        stage=stage,
        queue="generate",
        status=JobStatus.failed,
        error=error,
        started_at=now(),
        finished_at=now(),
    )
    db.add(row)
    db.flush()
    return row.id


def _previewed(texts: Sequence[str]) -> JSON:
    """A preview of one question, with each of the texts in every place."""
    estimate = {"samples": 4, "judge_calls": 4, "tokens": 9, "seconds": None, "warnings": list(texts)}
    judgments = [{"step": 2, "judge": "said", "score": 1.0, "verdict": "accept", "raw": text} for text in texts]
    samples = [
        {
            "id": n,
            "step": 1,
            "role": "policy",
            "text": text,
            "finish_reason": "length",
            "tokens": 3,
            "score": 1.0,
            "verdict": "accept",
            "is_unparsed": False,
            "judgments": judgments if n == 0 else [],
            "kept": [{"step": 3, "as": "chosen"}],
        }
        for n, text in enumerate(texts)
    ]
    question = {
        "id": 1,
        "step": 0,
        "about": None,
        "messages": [{"role": "user", "content": text} for text in texts],
        "answer": texts[0],
        "samples": samples,
    }
    funnel = {"step": 3, "line": texts[0], "type": "preference", "rows": 1}
    dropped = dict.fromkeys(texts, 1)
    return {
        "estimate": {"full": estimate, "few": estimate},
        "num_prompts": 1,
        "is_over": True,
        "took": [{"step": 0, "line": texts[0], "stage": "generate", "seconds": 2.0, "loading": 1.0}],
        "groups": [question],
        "num_samples": len(samples) + 1,
        "num_judgments": len(texts),
        "dropped": {"3": {"1": dropped}},
        "funnels": [funnel | {"stages": [{"stage": texts[0], "count": 1, "dropped": dropped}]}],
        "left_out": [{"stage": "generate", "kind": "error", "reason": text} for text in texts],
        "spent": [
            {
                "endpoint": text,
                "requests": 2,
                "tokens_in": 2,
                "tokens_out": 3,
                "uncounted": 1,
                "unpriced": 1,
                "cost": 1.0,
            }
            for text in texts
        ],
        "empty": texts[0],
        "preflight": _looked(texts),
    }


def _looked(texts: Sequence[str]) -> JSON:
    """What a training is about to do."""
    side = {"side": "chosen", "tokens": 9, "learned": 4, "is_cut": True}
    parts = [{"text": text, "learned": bool(n % 2)} for n, text in enumerate(texts)]
    return {
        "trainer": "dpo",
        "rows": 4,
        "rows_used": 3,
        "left_out": {"too_long": 1},
        "max_length": 64,
        "examples": 3,
        "counted": 3,
        "tokens": 9,
        "tokens_learned": 4,
        "longest": 9,
        "truncated": {"rows": 1, "of": 3},
        "steps": 2,
        "memory": None,
        "first": [[side | {"parts": parts}]],
        "config": {"output_dir": texts[0]},
        "config_class": "DPOConfig",
        "script": "\n".join(texts),
        "no_script": texts[0],
    }


def _rewritten(texts: Sequence[str], sample_id: int) -> JSON:
    side = {"labels": 8, "prompts": 8, "before": NUMBER, "after": NUMBER}
    names = ("prompt", "text", "before", "after")
    return {
        "template": "\n".join(reversed(texts)),
        "is_kept": True,
        "seen": side,
        "unseen": side | {"gain": NUMBER},
        "written": 2,
        "note": texts[0],
        "refused": 1,
        "calls": 9,
        "examples": [
            {"sample_id": sample_id, "is_right": True, "accepts": True} | dict.fromkeys(names, text) for text in texts
        ],
    }
