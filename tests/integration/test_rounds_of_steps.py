"""Rounds whose recipe is no row of slots: scripted texts, real training, killed at every transaction and run again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict
from backend.generators.sample import Sample
from backend.jobs import transitions
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.exact_match import ExactMatch
from backend.pipeline import rows as dataset_rows
from backend.pipeline import run as pipeline_run
from backend.pipeline import stage as pipeline_stage
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.prompt_set import PromptSet
from backend.prompt_sources.widest import Widest
from backend.recipes import Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.services import close_rules, review_queue, reviews, rounds
from backend.services.access import Actor
from backend.trainers.dpo import DPO
from backend.trainers.sft import SFT
from backend.values import DecisionKind, JobStatus, LabelSource, RoundStatus, Split, Stage, Verdict
from tests.integration.trainers.training import KNOBS
from tests.rows import make_actor, make_checkpoint, make_project, make_prompt_set
from tests.tiny import make_tiny_model

TRAINING = KNOBS | {"max_steps": 2, "max_length": 1024}
RIGHT = {"prompt a": "4", "prompt b": "5", "prompt c": "6", "prompt d": "7", "prompt e": "8"}
SOLVER = {
    "name": "scripted",
    "rules": [
        {"pattern": "The right answer is", "reply": ("#### 5", "#### 6", "#### 7", "#### 8")},
        {"pattern": "prompt a", "reply": "#### 4"},
        {"pattern": "prompt", "reply": ("#### 4", "I give up")},
    ],
}
JUDGE = {
    "name": "scripted",
    "rules": [
        {"pattern": "comparing two judgments", "reply": ("Winner: A", "Winner: B", "Winner: B", "no idea")},
        {"pattern": "grading an answer", "reply": ("poor\nScore: 1", "fair\nScore: 3", "good\nScore: 5", "hm")},
        {"pattern": "prompt", "reply": ("short", "a longer answer", "quite a long answer", "an answer")},
    ],
}


class Killed(BaseException):
    """Stands for the process's death: nothing catches it."""


class Loop:
    """A project with a scripted policy that descends from a tiny model, and a way to run its jobs here and now."""

    def __init__(self, recipe: Recipe, engine: dict[str, Any], folder: Path) -> None:
        self.recipe = recipe
        self.project = make_project()
        self.actor: Actor = make_actor(self.project)
        self.base = make_checkpoint(self.project, engine={"name": "transformers", "model": str(folder)})
        self.policy = make_checkpoint(self.project, parent=self.base, engine=engine)
        self.prompts = make_prompt_set(self.project, prompts=list(RIGHT), answers=list(RIGHT.values()))

    def launch(self, **plan: Any) -> int:
        return rounds.launch(
            self.actor,
            self.project.id,
            rounds.Plan(
                recipe=self.recipe.model_dump(mode="json"),
                policy_id=self.policy.id,
                reference_id=self.base.id,
                sample_set_ids=(self.prompts.id,),
                **{"num_prompts": 10, "is_reviewed": False, "seed": 3} | plan,
            ),
        )

    def run(self, round_id: int, *, trains: bool = False) -> tables.Round:
        """Run the round's jobs, each again for as often as it dies, until none is left or the training is next."""
        while (job := self.waiting(round_id)) is not None and (trains or job.stage is not Stage.train):
            attempt = transitions.start(job.id, job.workflow_id, "here")
            assert attempt is not None
            try:
                pipeline_run.run_job(job.id, attempt)
            except Killed:
                assert transitions.take_over(job.id, job.workflow_id, lost=False)
        with reading() as db:
            return db.get_one(tables.Round, round_id)

    @staticmethod
    def waiting(round_id: int) -> tables.Job | None:
        with reading() as db:
            return db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one_or_none()


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Let the pipeline die once in each of its transactions, before it stands; yields how often it died."""
    kills, is_spared = [0], [False]

    @contextmanager
    def mortal() -> Iterator[Session]:
        with session() as db:
            yield db
            is_spared[0] = not is_spared[0]
            if is_spared[0]:
                kills[0] += 1
                raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(pipeline_stage, "session", mortal)
        patched.setattr(pipeline_run, "session", mortal)
        yield kills


def made(round_id: int) -> dict[str, Any]:
    """Everything a round made but ids and times."""
    group, sample, label, judgment = tables.Group, tables.Sample, tables.Label, tables.Judgment
    with reading() as db:
        texts = db.execute(
            select(group.step, group.position, group.messages, group.is_stripped, sample.step, sample.role,
                   sample.position, sample.text, label.score, label.verdict, label.machine_score)
            .select_from(group).outerjoin(sample, sample.group_id == group.id)
            .outerjoin(label, label.sample_id == sample.id)
            .where(group.round_id == round_id, group.split == Split.train)
            .order_by(group.step, group.position, sample.step, sample.position)
        ).all()  # fmt: skip
        said = db.execute(
            select(judgment.step, group.step, group.position, sample.position, judgment.position, judgment.score,
                   judgment.verdict, judgment.rationale, judgment.seed)
            .join(sample, sample.id == judgment.sample_id).join(group, group.id == sample.group_id)
            .where(judgment.round_id == round_id)
            .order_by(judgment.step, group.step, group.position, sample.position, judgment.position)
        ).all()  # fmt: skip
        datasets = db.scalars(
            select(tables.Dataset).where(tables.Dataset.round_id == round_id).order_by(tables.Dataset.step)
        ).all()
        rows = {one.step: list(dataset_rows.iterate(db, one.id)) for one in datasets}
        kept = {one.step: (one.content_hash, one.num_examples) for one in datasets}
        steps = {step: entry["groups"] and len(entry["groups"]) for step, entry in
                 db.get_one(tables.Round, round_id).steps.items()}  # fmt: skip
    return {"texts": list(map(tuple, texts)), "said": list(map(tuple, said)), "rows": rows, "kept": kept,
            "steps": steps}  # fmt: skip


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def star() -> Recipe:
    changes = {"trainer": TRAINING, "first": {"temperature": 1.0}, "hinted": {"temperature": 1.0}}
    return recipes.get("star").with_changes(changes | {"groups_per_batch": 2, "metrics": [], "unparsed_limit": 1.0})


def meta_rewarding() -> Recipe:
    changes = {
        "answers": {"n": 3}, "judgments": {"n": 3}, "trainer": TRAINING | {"start": "base"}, "groups_per_batch": 4,
        "metrics": [],
    }  # fmt: skip
    return recipes.get("meta_rewarding").with_changes(changes)


def both(loop: Loop, monkeypatch: pytest.MonkeyPatch, *, trains: bool) -> tuple[tables.Round, dict[str, Any]]:
    """Run the recipe undisturbed, then once more while it dies in each of its transactions; both make the same."""
    first = loop.launch()
    undisturbed = loop.run(first, trains=trains)
    assert undisturbed.status is (RoundStatus.done if trains else RoundStatus.running), undisturbed.error
    second = loop.launch()
    with dying(monkeypatch) as kills:
        disturbed = loop.run(second, trains=trains)
    assert (disturbed.status, disturbed.error) == (undisturbed.status, None)
    assert kills[0] > 10
    found = made(first)
    assert made(second) == found
    assert disturbed.counts == undisturbed.counts
    with reading() as db:
        names = list(db.scalars(select(tables.Checkpoint.name).order_by(tables.Checkpoint.id)))
    assert names[2:] == (["round-1", "round-2"] if trains else []), "each round trained once"
    return undisturbed, found


@pytest.mark.parametrize(("recipe", "engine"), [(star, SOLVER), (meta_rewarding, JUDGE)])
def test_killed_in_every_transaction_it_makes_the_same(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, recipe: Any, engine: dict[str, Any]
) -> None:
    both(Loop(recipe(), engine, tiny), monkeypatch, trains=False)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_star_hints_what_failed_and_trains_the_base_without_the_hint(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(star(), SOLVER, tiny)
    ended, found = both(loop, monkeypatch, trains=True)
    first = {row[1]: row for row in found["texts"] if row[0] == 0}
    failed = sum(row[9] is not Verdict.accept for row in first.values())
    hinted = [row for row in found["texts"] if row[0] == 4]
    assert (len(first), len(hinted), found["steps"]) == (5, failed, {"4": None})
    assert 0 < failed < 5
    assert all("The right answer is" in row[2][0]["content"] and row[3] for row in hinted)
    # The last dataset holds both tries; nobody reads the hint.
    before, after = found["rows"][3], found["rows"][7]
    assert len(before) == 5 - failed
    assert after[: len(before)] == before
    assert len(after) == len(before) + sum(row[9] is Verdict.accept for row in hinted)
    asked = {row["prompt"][0]["content"] for row in after}
    assert asked <= set(RIGHT)
    assert {row["completion"][0]["content"] for row in after} <= {f"#### {answer}" for answer in RIGHT.values()}
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
        stages = db.execute(
            select(tables.Job.stage, tables.Job.step).where(tables.Job.round_id == ended.id).order_by(tables.Job.id)
        ).all()
    # Sampled from the policy, trained from the base.
    assert checkpoint.parent_id == loop.base.id
    assert [tuple(row) for row in stages] == [
        (Stage.generate, 1), (Stage.judge, 2), (Stage.select, 3), (Stage.generate, 5), (Stage.judge, 6),
        (Stage.select, 7), (Stage.train, 8), (Stage.evaluate, 9),
    ]  # fmt: skip
    assert ended.counts["kept"] == len(after)
    assert ended.counts["funnel"][5]["earlier steps"] == len(before)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_meta_rewarding_trains_on_pairs_of_answers_and_of_judgments(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, found = both(Loop(meta_rewarding(), JUDGE, tiny), monkeypatch, trains=True)
    assert ended.phase == 0
    # 5 prompts, 3 answers of each, a question about each answer, 3 judgments of each answer.
    answers = [row for row in found["texts"] if row[0] == 0]
    judgments = [row for row in found["texts"] if row[0] == 2]
    assert (len(answers), len(judgments)) == (15, 45)
    for n, answer in enumerate(answers):
        stated = [float(row[7][-1]) for row in judgments if row[1] == n and row[7] != "hm"]
        assert answer[8] == (pytest.approx(sum(stated) / len(stated), abs=1e-9) if stated else None)
    compared = {(row[1], row[2]) for row in found["said"] if row[0] == 8}
    assert found["steps"]["2"] is None
    assert len({place for _, place in compared}) == found["steps"]["7"] <= 5
    actor, all_rows = found["rows"][6], found["rows"][9]
    assert all_rows[: len(actor)] == actor
    assert len(all_rows) > len(actor) > 0
    # A judgment's row begins with the judge's chat, an answer's with the prompt.
    assert all(row["prompt"][0]["content"] in RIGHT for row in actor)
    assert all("grading an answer" in row["prompt"][0]["content"] for row in all_rows[len(actor) :])


def test_people_decide_before_hints_are_given_and_their_word_stands(tiny: Path) -> None:
    loop = Loop(star(), SOLVER, tiny)
    round_id = loop.launch(is_reviewed=True)
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.stage, waiting.step) == (RoundStatus.review, Stage.review, 3)
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)))
        assert set(db.scalars(select(tables.Worth.sample_id))) == set(ids)
    reviews.decide_many(loop.actor, round_id, [reviews.Act(f"accept-{n:04}", DecisionKind.accept, n) for n in ids])
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert (ended.status, ended.stage, ended.error) == (RoundStatus.running, Stage.train, None)
    # All are accepted, so nobody is given a hint, and that is no error.
    assert len(made(round_id)["texts"]) == 5
    assert ended.counts["kept"] == 5


def test_people_are_shown_the_groups_of_the_next_step_and_no_others(tiny: Path) -> None:
    loop = Loop(meta_rewarding(), JUDGE, tiny)
    round_id = loop.launch(is_reviewed=True, review={"close_rule": "all_decided"})
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.step) == (RoundStatus.review, 6)
    with reading() as db:
        by_step: dict[int, list[int]] = {1: [], 3: []}
        for n, step in db.execute(select(tables.Sample.id, tables.Sample.step).order_by(tables.Sample.id)):
            by_step[step].append(n)
        assert set(db.scalars(select(tables.Worth.sample_id))) == set(by_step[1])
    walk: set[int] = set()
    while found := review_queue.queue(loop.actor, round_id, limit=10, held=sorted(walk)):
        walk |= {item.sample_id for item in found}
    item = review_queue.queue(loop.actor, round_id, limit=1, include=by_step[3][:1])[0]
    assert "grading an answer" in item.messages[0]["content"], "what was asked, not the prompt it began with"
    assert walk == set(by_step[1]), "answers, not the judgments about them"
    with pytest.raises(Conflict, match="not among those that people decide on"):
        reviews.decide(loop.actor, "judgment-1", by_step[3][0], DecisionKind.accept, round_id=round_id)
    assert reviews.progress(loop.actor, round_id).samples == 15
    acts = [reviews.Act(f"accept-{n:04}", DecisionKind.accept, n) for n in by_step[1]]
    reviews.decide_many(loop.actor, round_id, acts)
    assert reviews.progress(loop.actor, round_id).remaining == 0
    assert close_rules.close_due() == [round_id]
    assert loop.waiting(round_id).step == 6


def test_a_later_judge_never_overwrites_people(tiny: Path) -> None:
    steps = [step.model_dump(mode="json") for step in star().phases[0].steps]
    # The same groups are judged again after people decided.
    more = {"kind": "judge", "part": {"name": "countdown"}}
    again = [*steps[:4], more, {"kind": "selector", "part": steps[3]["part"]}, steps[8]]
    loop = Loop(Recipe.model_validate(star().model_dump(mode="json") | {"steps": again}), SOLVER, tiny)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id)
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)))
    reviews.decide_many(
        loop.actor,
        round_id,
        [
            reviews.Act("accept-0001", DecisionKind.accept, ids[1]),
            reviews.Act("edit-000001", DecisionKind.edit, ids[2], text="7"),
            reviews.Act("edit-000002", DecisionKind.edit, ids[3], text="8"),
        ],
    )
    reviews.undo(loop.actor, round_id)
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    with reading() as db:
        labels = {n: db.get_one(tables.Label, n) for n in ids[:2]}
        judged = set(db.scalars(select(tables.Judgment.sample_id).where(tables.Judgment.step == 4)))
        edits = {one.text: one for one in db.scalars(select(tables.Sample).where(tables.Sample.kind == "edit"))}
        rewritten = db.get_one(tables.Label, edits["7"].id)
    # Texts of people that stand are judged, too; one that was taken back is not.
    assert judged == {*ids, edits["7"].id}
    assert (edits["7"].step, edits["7"].role) == (1, "policy")
    assert (rewritten.verdict, rewritten.source) == (Verdict.accept, LabelSource.person)
    assert (labels[ids[1]].verdict, labels[ids[1]].source) == (Verdict.accept, LabelSource.person)
    # Countdown can read no numbers here: its word is none.
    assert (labels[ids[1]].machine_score, labels[ids[0]].score) in ((None, None), (0.0, 0.0))


def test_a_round_in_which_nothing_is_kept_at_the_end_fails_and_is_not_given_back(tiny: Path) -> None:
    loop = Loop(star().with_changes({"trainer": {"max_steps": 1}}), SOLVER | {"rules": [], "replies": ["no"]}, tiny)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id)
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert ended.status is RoundStatus.failed
    assert "kept nothing of 5 groups" in str(ended.error)
    assert "in review" not in str(ended.error)
    with reading() as db:
        job = db.scalars(select(tables.Job).order_by(tables.Job.id.desc()).limit(1)).one()
    # The first selector may keep nothing; the last before the training may not.
    assert (job.status, job.step) == (JobStatus.failed, 7)


def of_steps(*steps: Any, **more: Any) -> Recipe:
    return Recipe(name="x", title="X", steps=steps, groups_per_batch=2, **more)


def test_two_roles_answer_the_same_questions_and_each_text_is_judged_once(tiny: Path) -> None:
    judge = AdditiveRubric(votes=1)
    recipe = of_steps(
        PromptSet(), Sample(n=2), judge, Step(Sample(n=2), by="other"), judge,
        Step(BestVersusWorst(), roles=("other",)), DPO(**TRAINING, start="base"),
    )  # fmt: skip
    loop = Loop(recipe, JUDGE, tiny)
    # The same checkpoint in both roles: texts at the same place are told apart by their step.
    round_id = loop.launch(roles={"other": loop.policy.id})
    assert loop.run(round_id).stage is Stage.train
    found = made(round_id)
    assert {(row[4], row[5]) for row in found["texts"]} == {(1, "policy"), (3, "other")}
    assert len(found["texts"]) == 20
    # The second judging is the same judge with the same checkpoint: it looks at what is new.
    sample, judgment = tables.Sample, tables.Judgment
    with reading() as db:
        query = select(judgment.step, sample.step, func.count()).join(sample, sample.id == judgment.sample_id)
        rows = db.execute(query.group_by(judgment.step, sample.step).order_by(judgment.step)).all()
        chosen = select(sample.role).join(tables.Example, tables.Example.sample_id == sample.id)
        roles = set(db.scalars(chosen))
    assert [tuple(row) for row in rows] == [(2, 1, 10), (4, 3, 10)]
    assert roles == {"other"}


def test_a_choice_of_groups_right_before_a_selector_holds_for_it_alone(tiny: Path) -> None:
    recipe = of_steps(
        PromptSet(), Step(Sample(n=3), name="answers"), Step(AdditiveRubric(votes=1)), Step(Ask(), name="about"),
        Sample(n=1), Step(Widest(), of="answers"), BestVersusWorst(), Step(BestVersusWorst(), of="answers"),
        DPO(**TRAINING, start="base"),
    )  # fmt: skip
    loop = Loop(recipe, JUDGE, tiny)
    round_id = loop.launch()
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    with reading() as db:
        kept = db.get_one(tables.Round, round_id).steps["5"]["groups"]
        groups = set(db.scalars(select(tables.Group.id).where(tables.Group.step == 0)))
    assert set(kept) <= groups
    # Both selectors choose among the same groups, the second among all of them.
    rows = made(round_id)["rows"]
    assert len(rows[6]) == len(kept)
    assert rows[7][: len(rows[6])] == rows[6]


def test_a_text_that_people_rejected_takes_what_was_said_about_it_along(tiny: Path) -> None:
    loop = Loop(meta_rewarding(), JUDGE, tiny)
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id)
    with reading() as db:
        answers = list(db.scalars(select(tables.Sample.id).where(tables.Sample.step == 1)))
    good = answers[::3]
    acts = [
        reviews.Act(f"decide-{n:04}", DecisionKind.accept if n in good else DecisionKind.reject, n) for n in answers
    ]
    reviews.decide_many(loop.actor, round_id, acts)
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    with reading() as db:
        dropped = db.scalars(select(tables.Dataset.funnel).where(tables.Dataset.step == 9)).one()[4]["dropped"]
        chosen = (
            select(tables.Group.parent_id).join(tables.Sample, tables.Sample.group_id == tables.Group.id)
            .join(tables.Example, tables.Example.sample_id == tables.Sample.id).where(tables.Group.step == 2)
        )  # fmt: skip
        about = set(db.scalars(chosen))
        widest = db.get_one(tables.Round, round_id).steps["7"]["groups"]
        parents = set(db.scalars(select(tables.Group.parent_id).where(tables.Group.id.in_(widest))))
    assert about <= set(good)
    assert dropped.get("parent rejected", 0) == len(parents - set(good))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_the_first_training_makes_answers_and_is_trained_on(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = TRAINING | {"max_steps": 1}
    recipe = of_steps(
        PromptSet(), Sample(n=2), ExactMatch(), AboveThreshold(), Step(SFT(**training, start="base"), name="future"),
        Step(Sample(n=1, max_tokens=3), by="future"), ExactMatch(), AboveThreshold(), SFT(**training, start="future"),
        unparsed_limit=1.0,
    )  # fmt: skip
    loop = Loop(recipe, SOLVER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with dying(monkeypatch):
        second = loop.launch()
        assert loop.run(second, trains=True).status is RoundStatus.done
    assert made(second) == made(first)
    with reading() as db:
        rows = db.execute(
            select(tables.Checkpoint.id, tables.Checkpoint.name, tables.Checkpoint.parent_id).order_by(
                tables.Checkpoint.id
            )
        ).all()
        future = db.scalars(select(tables.RoundRole.checkpoint_id).where(tables.RoundRole.round_id == first)).one()
        written = set(db.scalars(select(tables.Sample.checkpoint_id).where(tables.Sample.step == 5)))
    ids = {row.name: row.id for row in rows}
    parents = {row.name: row.parent_id for row in rows}
    assert [row.name for row in rows][2:] == ["round-1-future", "round-1", "round-2-future", "round-2"]
    assert ids["round-1-future"] == future
    assert parents["round-1-future"] == loop.base.id
    assert parents["round-1"] == future
    assert ended.checkpoint_id == ids["round-1"]
    assert written == {future, ids["round-2-future"]}
    # Each training read what was selected since the one before.
    assert set(made(first)["rows"]) == {3, 7}
