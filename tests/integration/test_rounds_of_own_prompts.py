"""Rounds that write prompts of their own: proposed, judged, decided on by people, adopted, answered and trained on."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import Conflict
from backend.generators.sample import Sample
from backend.judges.all_of import AllOf
from backend.judges.majority_vote import MajorityVote
from backend.judges.novelty import Novelty
from backend.judges.prompt_rules import PromptRules
from backend.mixers.difficulty_band import DifficultyBand
from backend.pipeline import adopt
from backend.prompt_sources.adopt import Adopt
from backend.prompt_sources.few_shot_prompts import FewShotPrompts
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Step
from backend.sameness import text_key
from backend.selectors.above_threshold import AboveThreshold
from backend.services import prompts, reviews, rounds
from backend.values import DecisionKind, RoundStatus, Split, Stage, Verdict
from tests.integration.loop import RIGHT, TRAINING, Loop, dying, of_steps, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_mixed import ONE_DATABASE, SFT_BASE, ended, funnel
from tests.rows import content_hash, make_checkpoint, make_prompt_set

KNOWN = "Prompt  A and some more words"
HELD_OUT = "what are the three colours of a flag"
PROPOSED = (
    "how many legs has a spider on land",
    "name one thing that is always cold",
    "why does iron sink in deep water",
    "draw me a picture of a cat",
    "no",
    HELD_OUT,
    KNOWN,
    "count to ten in steps of two please",
)
WRITER = {
    "name": "scripted",
    "rules": [
        {"pattern": "(?s)grading an answer.*answer: ice", "reply": ("poor\nScore: 1", "fair\nScore: 3")},
        {"pattern": "grading an answer", "reply": ("good\nScore: 5", "fine\nScore: 4")},
        {"pattern": "Reply with the new task alone", "reply": PROPOSED},
        {"pattern": ".", "reply": ("answer: 8", "answer: 8", "answer: ice")},
    ],
}
SEEDS = [*RIGHT, KNOWN.lower()]
RULES = AllOf(judges=(PromptRules(), Novelty(below=0.7)))
STEPS = (
    FewShotPrompts(),
    Step(Sample(n=1), name="proposals", by="author"),
    RULES,
    Adopt(),
    Step(Sample(n=4), name="answers"),
    MajorityVote(accept_at=0.0),
    AboveThreshold(keep="accepted"),
    DifficultyBand(low=0.2, high=0.9),
    SFT_BASE,
)
RECIPE = of_steps(*STEPS, unparsed_limit=1.0)


class Own(Loop):
    """Prompts to learn from, a held-out one that may not be adopted, and an author."""

    def __init__(self, recipe: Any, folder: Path) -> None:
        super().__init__(recipe, WRITER, folder)
        self.prompts = make_prompt_set(self.project, prompts=SEEDS, answers=["4"] * len(SEEDS))
        make_prompt_set(self.project, prompts=[HELD_OUT.upper()], split=Split.held_out)
        self.author = make_checkpoint(self.project, engine=WRITER)

    def launch(self, **plan: Any) -> int:
        return super().launch(**{"roles": {"author": self.author.id}, "num_prompts": 24} | plan)


def sets(round_id: int) -> list[tables.PromptSet]:
    with reading() as db:
        return list(db.scalars(select(tables.PromptSet).where(tables.PromptSet.round_id == round_id)))


def adopted(round_id: int) -> list[tables.Prompt]:
    with reading() as db:
        ids = [prompt_set.id for prompt_set in sets(round_id)]
        return list(
            db.scalars(select(tables.Prompt).where(tables.Prompt.prompt_set_id.in_(ids)).order_by(tables.Prompt.id))
        )


def test_proposals_become_prompts_each_once_and_none_that_is_held_out(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Own(RECIPE, tiny)
    first, second = loop.launch(), loop.launch()
    result = loop.run(first)
    assert (result.stage, result.step, result.error) == (Stage.train, 8, None)
    with dying(monkeypatch) as kills:
        assert loop.run(second).error is None
    assert kills[0] > 8
    outcome = rows_of_round(first)
    assert rows_of_round(second) == outcome
    asked = [row for row in outcome["texts"] if row[0] == 0]
    assert len(asked) == 24, "more questions than the set holds prompts"
    assert all("Reply with the new task alone" in row[2][0]["content"] for row in asked)
    # The completions that files bring for a prompt answer no question that shows it, nor does its known answer.
    assert {row[5] for row in asked} == {"author"}
    proposed = [row[7] for row in asked if row[9] is Verdict.accept]
    assert len(set(proposed)) == len(proposed) > 2, "of equal ones the first is new"
    (made_set,) = sets(first)
    texts = [prompt.text for prompt in adopted(first)]
    assert texts == [text for text in proposed if text not in (HELD_OUT, KNOWN)]
    assert not {HELD_OUT, KNOWN, "no", PROPOSED[3]} & set(texts)
    assert (made_set.num_prompts, made_set.split, made_set.origin) == (len(texts), Split.train, "adopted in round 1")
    with reading() as db:
        steps = db.get_one(tables.Round, first).steps
        origin = {db.get_one(tables.Sample, prompt.sample_id).text for prompt in adopted(first)}
    dropped = {adopt.HELD_OUT: 1} if HELD_OUT in proposed else {}
    assert steps["3"] == {"groups": None, "adopted": len(texts), "dropped": dropped}
    assert origin == set(texts)
    for prompt in adopted(first):
        assert prompt.content_hash == content_hash(prompt.messages)
        assert (prompt.text_key, prompt.answer) == (text_key(prompt.text), None)
    # Each adopted prompt is answered and voted on, and only those on which the samples differ are trained on.
    answers = [row for row in outcome["texts"] if row[0] == 3]
    assert len(answers) == 4 * len(texts)
    (rows,) = (outcome["rows"][step] for step in (7,))
    assert {last_content(row, "prompt") for row in rows} <= set(texts)
    shares = {
        text: [row[8] for row in answers if row[2][0]["content"] == text and row[9] is Verdict.accept] for text in texts
    }
    assert {last_content(row, "prompt") for row in rows} == {
        text for text, some in shares.items() if 1 <= len(some) <= 3
    }
    assert funnel(first, 7)["adopted prompts"]["count"] == len(texts)


def test_people_accept_reject_and_edit_proposed_prompts_on_the_desk(tiny: Path) -> None:
    loop = Own(RECIPE, tiny)
    round_id = loop.launch(is_reviewed=True, num_prompts=6)
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.step) == (RoundStatus.review, 4)
    with reading() as db:
        ids = list(
            db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id).order_by(tables.Sample.id))
        )
        assert set(db.scalars(select(tables.Informativeness.sample_id))) == set(ids)
        # The known answer of a prompt that was shown says nothing of the proposal.
        assert not db.scalars(
            select(tables.Informativeness.why).where(tables.Informativeness.why == "exact_match")
        ).all()
    acts = [reviews.Act(f"reject-{n:04}", DecisionKind.reject, n) for n in ids[2:]]
    acts += [
        reviews.Act("accept-0001", DecisionKind.accept, ids[0]),
        reviews.Act("edit-000001", DecisionKind.edit, ids[1], text="which word of two is longer"),
    ]
    reviews.decide_many(loop.actor, round_id, acts)
    reviews.close(loop.actor, round_id)
    loop.run(round_id)
    with reading() as db:
        first = db.get_one(tables.Sample, ids[0]).text
    allowed = [text for text in (first, "which word of two is longer") if text not in (HELD_OUT, KNOWN)]
    assert [prompt.text for prompt in adopted(round_id)] == allowed


def test_the_next_round_shows_own_prompts_and_proposes_none_of_them_again(tiny: Path) -> None:
    loop = Own(RECIPE, tiny)
    first = loop.launch()
    loop.run(first)
    own = {prompt.text for prompt in adopted(first)}
    ended(first, loop.policy.id)
    second = loop.launch(parent_id=first, seed=9)
    loop.run(second)
    asked = [row[2][0]["content"] for row in rows_of_round(second)["texts"] if row[0] == 0]
    assert {sum(text in question for text in own) for question in asked} == {2}
    assert not own & {prompt.text for prompt in adopted(second)}
    # They are drawn from only where that is asked for.
    for takes, expected in ((False, set(SEEDS)), (True, {*SEEDS, *own})):
        plain = of_steps(PromptSet(take_own=takes), Sample(n=1), MajorityVote(min_votes=1), AboveThreshold(), SFT_BASE)
        loop.recipe = plain
        third = loop.launch(parent_id=first, roles={}, num_prompts=50)
        loop.run(third)
        with reading() as db:
            selection = select(tables.Prompt.text).join(tables.Group, tables.Group.prompt_id == tables.Prompt.id)
            assert set(db.scalars(selection.where(tables.Group.round_id == third))) == expected


def test_the_set_keeps_its_round_and_stays_as_it_is(tiny: Path) -> None:
    loop = Own(RECIPE, tiny)
    round_id = loop.launch()
    loop.run(round_id)
    (own,) = sets(round_id)
    with pytest.raises(Conflict, match="a round made it, and its samples stand on it"):
        prompts.delete_set(loop.actor, own.id)
    with pytest.raises(IntegrityError), session() as db:
        db.execute(delete(tables.Round).where(tables.Round.id == round_id))
    shown = prompts.get(loop.actor, own.id)
    assert (shown.name, shown.origin) == ("round 1, own prompts", "adopted in round 1")


def test_what_a_plan_of_own_prompts_makes_is_estimated(tiny: Path) -> None:
    loop = Own(RECIPE, tiny)
    plan = rounds.Plan(
        recipe=RECIPE.model_dump(mode="json"),
        policy_id=loop.policy.id,
        reference_id=loop.base.id,
        sample_set_ids=(loop.prompts.id,),
        num_prompts=100,
        roles={"author": loop.author.id},
    )
    estimate = rounds.estimate(loop.actor, loop.project.id, plan)
    # 100 proposals, and four answers to each, if all are adopted.
    assert estimate.samples == 500
    assert not [line for line in estimate.warnings if "fewer than" in line]


@ONE_DATABASE
def test_a_project_with_own_prompts_can_be_deleted(tiny: Path) -> None:
    loop = Own(RECIPE, tiny)
    loop.run(loop.launch())
    with session() as db:
        db.execute(delete(tables.Project).where(tables.Project.id == loop.project.id))
    with reading() as db:
        assert not db.scalars(select(tables.PromptSet.id)).all()


def short(name: str, **changes: Any) -> Any:
    beside = {"trainer": TRAINING | {"max_steps": 1, "start": "base"}, "groups_per_batch": 4, "metrics": []}
    return recipes.get(name).with_changes(beside | changes)


@pytest.mark.slow
@ONE_DATABASE
@pytest.mark.parametrize("name", ["i_sheep", "self_guide"])
def test_own_prompts_and_own_answers_are_trained_on(tiny: Path, name: str) -> None:
    loop = Own(short(name, unparsed_limit=1.0), tiny)
    trained = loop.run(loop.launch(roles={}), trains=True)
    assert (trained.status, trained.error) == (RoundStatus.done, None)
    result = rows_of_round(trained.id)
    rows = result["rows"][7]
    texts = {prompt.text for prompt in adopted(trained.id)}
    # Not one imported prompt is trained on, and every text is the policy's.
    assert {last_content(row, "prompt") for row in rows} <= texts
    assert not texts & set(SEEDS)
    assert {row[5] for row in result["texts"]} == {"policy"}
    assert trained.counts["kept"] == len(rows) > 0
    if name == "i_sheep":
        scores = {row[2][0]["content"]: row[8] for row in result["texts"] if row[0] == 3}
        assert all(scores[last_content(row, "prompt")] >= 4 for row in rows)
        assert min(score for score in scores.values() if score is not None) < 4
    with reading() as db:
        assert db.get_one(tables.Checkpoint, trained.checkpoint_id).parent_id == loop.base.id
