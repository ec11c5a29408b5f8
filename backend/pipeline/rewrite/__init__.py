"""A judge's template rewritten from people's labels, and kept only where it is better on labels it has not seen.

Nothing of it becomes rows but its result, in the transaction that ends the job. A job that was killed begins again,
with the same seeds.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.boundary import clean
from backend.db import reading, tables
from backend.engines import Engine, served
from backend.errors import InvalidInput, NotFound
from backend.jobs.progress import JobProgress
from backend.judges import prompt_text
from backend.judges._template import TemplateJudge
from backend.pipeline.bind import engine_for
from backend.pipeline.rewrite import numbers, optimizer
from backend.pipeline.rewrite.cases import FEWEST_SEEN, FEWEST_UNSEEN, MOST_ROUNDS, Case, gather, split
from backend.pipeline.rewrite.trial import JudgeReply, JudgeTrial
from backend.pipeline.stage import Finish
from backend.values import JSON, Sampling

__all__ = ["KIND", "MOST_ROUNDS", "compared", "gather", "judge_in", "reflector", "run", "split", "too_few"]

KIND = "rewrite"
"""The kind of the job."""
SEED = 0
MAX_TOKENS = 4096
"""Of a reply of the reflecting model at most: a whole template."""
EXAMPLES, MOST_CHARACTERS = 5, 600
"""Texts on which the judge changed its mind, of each sort, and how much of each is kept."""


def judge_in(row: tables.Round) -> tuple[TemplateJudge, int]:
    """The judge whose labels people see and its step; raises `InvalidInput` for one whose template is no question."""
    recipe = recipes.read(row.recipe)
    place = recipes.judge_place(recipe, row.phase)
    if place is None:
        raise InvalidInput(f"No judge labels the texts of round {row.number}, so there is no template to rewrite.")
    judge = place.step.part
    if not isinstance(judge, TemplateJudge):
        raise InvalidInput(
            f"The judge {judge.name} of round {row.number} does not ask a model about one text at a time by a "
            "template, so there is none that people's labels could be compared with. Choose a round whose judge does, "
            "such as additive_rubric or written_verdict."
        )
    return judge, place.index


def too_few(cases: Sequence[Case]) -> str | None:
    """Why a template cannot be rewritten from these labels; None where it can."""
    seen, unseen = split(cases)
    prompts = len({case.key for case in unseen})
    if len(seen) < FEWEST_SEEN or prompts < FEWEST_UNSEEN:
        return (
            f"There are {len(cases)} labels of people that count. A rewrite needs at least {FEWEST_SEEN} that it may "
            f"see and {FEWEST_UNSEEN} prompts with labels that it must not, which are half of all prompts; here these "
            f"are {len(seen)} and {prompts}. Blind decisions on items drawn at random count, those of a round of which "
            "nearly all was decided, and gold items."
        )
    if len({case.accepts for case in cases}) == 1:
        word = "accept" if cases[0].accepts else "reject"
        return f"People {word} all {len(cases)} texts, so a judge that always says so agrees. Label some others, too."
    return None


def run(job_id: int, progress: JobProgress) -> Finish:
    """Search for a better template on the labels that may be seen, and compare it on the others."""
    optimizer.check()
    with reading() as db:
        rewrite = db.scalars(
            select(tables.TemplateRewrite).where(tables.TemplateRewrite.job_id == job_id)
        ).one_or_none()
        row = db.get(tables.Round, rewrite.round_id) if rewrite is not None else None
        if rewrite is None or row is None:
            raise NotFound(f"The rewrite of job {job_id} was deleted. There is nothing left to do for it.")
        judge, _ = judge_in(row)
        cases = gather(db, row)
    if why := too_few(cases):
        raise InvalidInput(why)
    asked = rewrite.asked
    judge = type(judge).model_validate(judge.model_dump() | {"template": asked["template"]})
    seen, unseen = split(cases)
    progress.start(
        optimizer.most_calls(len(seen), len(unseen), asked["rewrites"], judge.calls_per_sample), "judge calls"
    )
    with ExitStack() as stack:
        opened = {
            checkpoint_id: stack.enter_context(engine_for(checkpoint_id))
            for checkpoint_id in dict.fromkeys((asked["judge_id"], asked["reflector_id"]))
        }
        trial = JudgeTrial(judge, opened[asked["judge_id"]], seed=SEED, asked=progress.advance)
        writer = opened[asked["reflector_id"]]
        most = optimizer.characters(writer.context_length, judge.template, max_tokens(writer))
        optimized = optimizer.search(
            trial, seen, reflector(writer), rewrites=asked["rewrites"], seed=SEED, most_characters=most
        )
        result = compared(trial, optimized, seen, unseen)

    def finish(db: Session) -> None:
        db.get_one(tables.TemplateRewrite, rewrite.id).result = result

    return finish


def max_tokens(engine: Engine) -> int:
    """Of a reply of the reflecting model: no more than a third of its context."""
    context = engine.context_length
    return MAX_TOKENS if context is None else min(MAX_TOKENS, context // 3)


def reflector(engine: Engine) -> optimizer.Reflect:
    """What writes templates: each time with another seed, so that the same question is answered in another way."""
    asked, most = 0, max_tokens(engine)

    def reflect(prompt: str) -> str:
        nonlocal asked
        asked += 1
        sampling = Sampling(temperature=1.0, top_p=1.0, max_tokens=most, n=1, seed=asked)
        [[completion]] = served(engine.complete([[{"role": "user", "content": prompt}]], sampling))
        return clean(completion.text)

    return reflect


def compared(
    trial: JudgeTrial, optimized: optimizer.BestTemplate, seen: Sequence[Case], unseen: Sequence[Case]
) -> JSON:
    """Both templates on the unseen labels; the new one is kept where the gain's interval lies above 0."""
    old = trial.judge.template
    before, after = _outcomes(trial, old, unseen), _outcomes(trial, optimized.template, unseen)
    gain = numbers.difference(unseen, before, after)
    on_seen = [numbers.agreement(seen, _outcomes(trial, template, seen)) for template in (old, optimized.template)]
    return {
        "template": optimized.template,
        "is_kept": optimized.template != old and gain.low is not None and gain.low > 0,
        "seen": {
            "labels": len(seen),
            "prompts": len({case.key for case in seen}),
            "before": asdict(on_seen[0]),
            "after": asdict(on_seen[1]),
        },
        "unseen": {
            "labels": len(unseen),
            "prompts": len({case.key for case in unseen}),
            "before": asdict(numbers.agreement(unseen, before)),
            "after": asdict(numbers.agreement(unseen, after)),
            "gain": asdict(gain),
        },
        "written": optimized.written,
        "note": optimized.note,
        "refused": len(trial.lost),
        "calls": trial.calls,
        "examples": _examples(unseen, before, after),
    }


def _outcomes(trial: JudgeTrial, template: str, cases: Sequence[Case]) -> list[JudgeReply]:
    outcomes = trial.outcomes(template, cases)
    assert outcomes is not None
    return outcomes


def _examples(cases: Sequence[Case], before: Sequence[JudgeReply], after: Sequence[JudgeReply]) -> list[JSON]:
    """Unseen texts on which the judge is newly right, then newly wrong; the same text of a prompt once."""
    all_of_them = {
        (case.key, case.group.samples[0].text): (case, old, new)
        for case, old, new in zip(cases, before, after, strict=True)
    }
    changed = [outcome for outcome in all_of_them.values() if outcome[1].agrees != outcome[2].agrees]
    right = [outcome for outcome in changed if outcome[2].agrees][:EXAMPLES]
    wrong = [outcome for outcome in changed if not outcome[2].agrees][:EXAMPLES]
    return [
        {
            "sample_id": case.sample_id,
            "is_right": new.agrees,
            "accepts": case.accepts,
            "prompt": prompt_text(case.group.prompt.messages)[:MOST_CHARACTERS],
            "text": case.group.samples[0].text[:MOST_CHARACTERS],
            "before": clean(old.reply)[:MOST_CHARACTERS],
            "after": clean(new.reply)[:MOST_CHARACTERS],
        }
        for case, old, new in [*right, *wrong]
    ]
