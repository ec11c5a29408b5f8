"""What the judge's end writes for the queue: whose word counts as a second opinion, and what a person reads of it."""

from typing import Any, cast

import pytest

from backend.db import reading, session, tables
from backend.pipeline import informativeness
from backend.pipeline.stage import StageContext
from backend.recipes import Recipe
from backend.services.queue import item_views
from backend.services.queue.item_views import judge_views, views_and_signs
from backend.values import JobStatus, RoundStatus, Stage, Verdict
from tests import rows

REPLIES = (3.0, 5.0, 5.0)


def judged(
    texts: list[str], verdicts: list[Verdict], *, answer: str | None = None, prompts: int = 1, **recipe: Any
) -> tuple[StageContext, list[int]]:
    """A round at the end of judging: each sample with this verdict, as many of each prompt."""
    project = rows.make_project()
    asked = rows.make_prompt_set(project, prompts=prompts, answers=[answer] * prompts)
    scores = [5.0 if verdict is Verdict.accept else 1.0 for verdict in verdicts]
    changed = rows.RECIPE | {"judge": {"name": "additive_rubric", "accept_at": 4.0}} | recipe
    round_ = rows.make_round(
        project, status=RoundStatus.running, stage=Stage.judge, is_reviewed=True, recipe=changed, sets=[asked]
    )
    n = len(texts) // prompts
    samples = rows.make_samples(round_, asked, n=n, texts=texts, scores=scores, threshold=4.0)
    with session() as db:
        job = tables.Job(
            project_id=project.id,
            round_id=round_.id,
            workflow_id=f"judge-{round_.id}",
            stage=Stage.judge,
            queue="generate",
            status=JobStatus.running,
            attempt=1,
        )
        db.add(job)
    stage = StageContext(job.id, 1, round_, Recipe.model_validate(changed), cast(Any, None))
    return stage, [sample.id for sample in samples]


def add_judgments(stage: StageContext, sample_id: int, judge: str, *scores: float) -> None:
    with session() as db:
        db.add_all(
            tables.Judgment(
                round_id=stage.round.id,
                sample_id=sample_id,
                judge=judge,
                position=n,
                score=score,
                verdict=Verdict.accept if score >= 4 else Verdict.reject,
                rationale=f"{judge} {n}",
                raw="",
            )
            for n, score in enumerate(scores)
        )


def signs_and_reasons(stage: StageContext, ids: list[int]) -> list[tuple[str, str]]:
    """Write the informativeness; the strongest sign of each sample and its words."""
    informativeness.write(stage)
    with reading() as db:
        views, signs = views_and_signs(db, ids)
    return [(signs[n].sign, item_views.reason(views[n], 4.0, signs[n].sign)) for n in ids]


def test_a_judge_that_gives_several_replies_is_still_one_judge(database: str) -> None:
    stage, [entry] = judged(["x"], [Verdict.accept])
    add_judgments(stage, entry, "additive_rubric", *REPLIES)
    with session() as db:
        label = db.get_one(tables.Label, entry)
        label.machine_score, label.machine_spread = 13 / 3, 0.94
    assert signs_and_reasons(stage, [entry]) == [("spread", "The judge gave 3, 5, 5.")]


def test_another_judges_word_against_it_is_a_disagreement(database: str) -> None:
    stage, ids = judged(["x", "y"], [Verdict.accept, Verdict.accept])
    for n, other in zip(ids, (1.0, 5.0), strict=True):
        add_judgments(stage, n, "additive_rubric", 5.0)
        add_judgments(stage, n, "written_verdict", other)
    assert [why for why, _ in signs_and_reasons(stage, ids)] == ["judges", "cut"]
    assert signs_and_reasons(stage, ids)[0][1] == "Two judges disagree about this."


def test_where_the_prompt_has_an_answer_the_checker_is_a_second_opinion_and_no_label(database: str) -> None:
    texts, A, R = ["It is\n12", "It is\n13", "So\n12.0", "no"], Verdict.accept, Verdict.reject
    stage, ids = judged(texts, [A, A, R, R], answer="#### 12")
    for n in ids:
        add_judgments(stage, n, "additive_rubric", 5.0 if n in ids[:2] else 1.0)
    before = labels_of(ids)
    assert [(why, reply) for why, reply in signs_and_reasons(stage, ids) if why == "exact_match"] == [
        ("exact_match", "The checker (exact match) says reject."),
        ("exact_match", "The checker (exact match) says accept."),
    ]
    assert [why == "exact_match" for why, _ in signs_and_reasons(stage, ids)] == [False, True, True, False]
    assert labels_of(ids) == before
    with reading() as db:
        assert {row.judge for row in db.query(tables.Judgment)} == {"additive_rubric"}


def labels_of(ids: list[int]) -> list[Any]:
    with reading() as db:
        labels = [db.get_one(tables.Label, n) for n in ids]
        return [(label.verdict, label.score, label.source, label.machine_verdict) for label in labels]


@pytest.mark.parametrize(
    ("answer", "recipe"),
    [
        (None, {}),
        ("word " * 40, {}),
        ("12", {"judge": {"name": "exact_match"}}),
        ("12", {"metrics": [{"name": "held_out_accuracy", "verifier": {"name": "countdown"}}]}),
    ],
    ids=["no answer", "a text to learn from", "it is the judge", "another program knows what is right"],
)
def test_the_checker_keeps_silent(database: str, answer: str | None, recipe: dict[str, Any]) -> None:
    stage, [entry] = judged(["It is\n13"], [Verdict.accept], answer=answer, **recipe)
    add_judgments(stage, entry, str(stage.recipe.judge.name), 5.0)
    assert signs_and_reasons(stage, [entry])[0][0] == "cut"


def test_a_sign_that_the_judges_view_does_not_bear_out_is_not_said(database: str) -> None:
    stage, [entry] = judged(["x"], [Verdict.accept])
    add_judgments(stage, entry, "additive_rubric", 5.0)
    with reading() as db:
        view = judge_views(db, [entry])[entry]
    assert item_views.reason(view, 4.0, "judges") == "Scored 5, against the cut at 4."
