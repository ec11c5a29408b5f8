"""Trying out how a judged round's samples are paired: what is previewed is what the round's selector then keeps."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from app.pages.pairs import shown
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.generators.sample import Sample
from backend.jobs import transitions
from backend.judges.brevity import Brevity
from backend.pipeline import candidates, select
from backend.pipeline import groups as group_values
from backend.pipeline import run as pipeline_run
from backend.pipeline.known import known_labels
from backend.prompt_sources.prompt_set import PromptSet
from backend.prompt_sources.widest import Widest
from backend.recipes import Recipe
from backend.selectors import _margins
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.services.pairs import choosing, openings, previews
from backend.services.plans import branches
from backend.trainers.dpo import DPO
from backend.values import JobStatus, LabelSource, Role, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.test_deep_links import Opened
from tests.integration.test_ways_out import stopped_round

pytestmark = [pytest.mark.on_sqlite, pytest.mark.usefixtures("database")]
SCORES = [5.0, 1.0, 3.0, 2.0, 2.0, 2.0, 4.0, 0.0, None, 3.0, 1.0, 5.0]


def judged(**columns: Any) -> tuple[tables.Project, tables.Round, list[tables.Sample]]:
    """A stopped round of three prompts, four samples each; the prompts have a level."""
    project, round_ = stopped_round()
    prompts = rows.make_prompt_set(project, prompts=["one", "two", "three"])
    with session() as db:
        for n, row in enumerate(db.query(tables.Prompt).filter_by(prompt_set_id=prompts.id).order_by("id")):
            row.extra = {"level": "easy" if n else "hard", "row": n}
        result = db.get_one(tables.Round, round_.id)
        for name, value in columns.items():
            setattr(result, name, value)
    samples = rows.make_samples(round_, prompts, n=4, scores=SCORES, texts=[f"text {'x' * n}" for n in range(12)])
    return project, round_, samples


def kept(round_id: int) -> set[tuple[int | None, int | None]]:
    with reading() as db:
        result = db.query(tables.Example).join(tables.Dataset).filter(tables.Dataset.round_id == round_id)
        return {(example.sample_id, example.rejected_id) for example in result}


def test_what_is_previewed_is_what_the_round_then_keeps() -> None:
    project, round_, samples = judged()
    actor = rows.make_actor(project)
    assert openings.open_round(actor, round_.id).notes == ("level",), "the number of a row tells prompts apart"
    knobs = {"min_margin": 2.0, "pairs_per_prompt": 2, "category": "level", "max_per_category": 1}
    pair_preview = previews.preview(actor, round_.id, knobs)
    shown = {(example.chosen_id, example.rejected_id) for example in pair_preview.examples}
    # Prompt 1: 5 with 1. Prompt 2: 4 with 0. Prompt 3: 5 with 1, as wide as prompt 2's: the first one keeps the quota.
    assert shown == {(samples[0].id, samples[1].id), (samples[6].id, samples[7].id)}
    assert (pair_preview.samples, pair_preview.prompts, pair_preview.rows) == (12, 3, 2)
    assert pair_preview.dropped == {"over the quota of its category": 1}
    assert pair_preview.categories == {"easy": 1, "hard": 1}
    assert pair_preview.length_gap == -1.5, "4 without the blank, and 6; 11 and 12"
    assert pair_preview.examples[0].chosen == "text "
    assert previews.preview(actor, round_.id, {}, token=pair_preview.token).rows == 3
    selecting_round = choosing.choose(actor, round_.id, knobs)
    assert selecting_round.job_id is not None
    with reading() as db:
        job = db.get_one(tables.Job, selecting_round.job_id)
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    pipeline_run.run_job(job.id, attempt)
    assert kept(round_.id) == shown
    with reading() as db:
        row = db.get_one(tables.Round, round_.id)
        assert row.recipe["selector"] | knobs == row.recipe["selector"]
        assert row.recipe["selector"]["name"] == "margin_pairs"
        assert row.counts["funnel"][-2]["dropped"] == pair_preview.dropped


def test_reviewers_are_counted_by_whose_word_stands() -> None:
    project, round_, samples = judged()
    actor, other = rows.make_actor(project), rows.make_actor(project, Role.reviewer)
    for sample in samples[:2]:
        rows.make_decision(sample, actor, "accept" if sample is samples[0] else "reject")
        rows.make_decision(sample, other, "accept" if sample is samples[0] else "reject")
    pair_preview = previews.preview(actor, round_.id, {"min_reviewers": 2})
    assert [(example.chosen_id, example.rejected_id) for example in pair_preview.examples] == [
        (samples[0].id, samples[1].id)
    ]
    assert pair_preview.dropped == {"fewer than min_reviewers": 2}
    assert previews.preview(actor, round_.id, {"min_reviewers": 3}).rows == 0


def test_samples_read_by_column_are_those_that_a_selector_sees() -> None:
    project, round_, samples = judged()
    actor, other = rows.make_actor(project), rows.make_actor(project, Role.reviewer)
    with session() as db:
        # Of prompt 1: twins, one accepted; a cut text accepted; nothing visible. Of prompt 2: twins that people differ
        # on, beside a third; one of known label. Prompt 3 has lost its samples but one.
        completions = {
            completion.id: completion for completion in db.query(tables.Sample).filter_by(round_id=round_.id)
        }
        label = {entry.sample_id: entry for entry in db.query(tables.Label).filter_by(round_id=round_.id)}
        for number, text in ((0, "twin "), (1, " twin"), (2, "\u200b "), (4, "same"), (5, "same"), (6, "same")):
            completions[samples[number].id].text = text
        completions[samples[3].id].finish_reason = completions[samples[7].id].finish_reason = "length"
        for number, verdict in ((0, "accept"), (3, "accept"), (4, "accept"), (5, "reject")):
            label[samples[number].id].verdict, label[samples[number].id].source = Verdict(verdict), LabelSource.person
        db.add(tables.GoldItem(sample_id=samples[7].id, round_id=round_.id, verdict=Verdict.reject, created_at=now()))
        for sample in samples[9:]:
            db.delete(completions[sample.id])
    for sample, person in ((samples[0], actor), (samples[0], other), (samples[4], other)):
        rows.make_decision(sample, person)
    rows.make_decision(samples[5], actor, "prefer", value={})
    with reading() as db:
        stage, _, _ = openings._stage(db, db.get_one(tables.Round, round_.id))
        known = known_labels(db, round_.id)
        groups = select.offered(stage, select.labelled(stage, db, group_values.groups_for_step(db, stage), known))
        by_values = _margins.candidates(groups, seed=7)
        by_column = candidates.load(db, stage, seed=7)
    assert by_column.standing.tolist().count(1) == 4, "the twin, too"
    for name in set(_margins.PER_SAMPLE) - {"text"}:
        assert getattr(by_column, name).tolist() == pytest.approx(getattr(by_values, name).tolist(), nan_ok=True), name
    assert by_column.prompt_ids.tolist() == by_values.prompt_ids.tolist()
    assert by_column.notes == by_values.notes
    texts = [list(zip(result.group, result.text, strict=True)) for result in (by_column, by_values)]
    same, expected = ([texts.index(reply) for reply in texts] for texts in texts)
    assert same == expected, "equal for equal texts of a group, whatever their numbers"


def test_a_round_in_review_keeps_the_knobs_for_its_selecting() -> None:
    project, round_, _ = judged(status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    actor = rows.make_actor(project)
    selecting_round = choosing.choose(actor, round_.id, {"min_margin": 1.5})
    assert selecting_round.job_id is None
    with reading() as db:
        row = db.get_one(tables.Round, round_.id)
        assert (row.status, row.recipe["selector"]["min_margin"]) == (RoundStatus.review, 1.5)
        assert db.query(tables.Event).filter_by(verb="change selector").count() == 1
    assert openings.open_round(actor, round_.id).knobs.min_margin == 1.5


def test_openings_are_few_and_an_old_one_is_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    project, round_, _ = judged()
    actor = rows.make_actor(project)
    tokens = [openings.open_round(actor, round_.id).token for _ in range(openings.MOST_KEPT + 1)]
    assert openings.opened(actor, round_.id, tokens[-1]).token == tokens[-1]
    assert openings.opened(actor, round_.id, tokens[0]).token not in tokens
    colleague = rows.make_actor(project, Role.curator)
    assert openings.opened(colleague, round_.id, tokens[-1]).token != tokens[-1]


def test_what_cannot_be_paired_is_refused() -> None:
    project, round_, _ = judged()
    actor = rows.make_actor(project)
    with pytest.raises(PermissionDenied):
        previews.preview(rows.make_actor(project, Role.reviewer), round_.id, {})
    for knobs in ({"min_margin": -1}, {"pairs_per_prompt": 0}, {"other": 1}, {"max_per_category": 2}):
        with pytest.raises(InvalidInput):
            previews.preview(actor, round_.id, knobs)
    unjudged = rows.make_round(project)
    rows.make_samples(unjudged, rows.make_prompt_set(project, prompts=["a"]))
    with pytest.raises(Conflict, match="has a score yet"):
        previews.preview(actor, unjudged.id, {})
    with pytest.raises(Conflict, match="stopped after judging"):
        choosing.choose(actor, unjudged.id, {})


TWICE = (
    PromptSet(),
    Sample(n=4),
    Brevity(),
    BestVersusWorst(min_gap=0.5),
    Widest(),
    BestVersusWorst(min_gap=3.0),
    DPO(),
)
"""The second selector works on the groups that `widest` keeps, which reads labels of people."""


def listed(**columns: Any) -> tuple[tables.Project, tables.Round]:
    recipe = Recipe(name="x", title="X", steps=TWICE).model_dump(mode="json")
    project, round_, _ = judged(recipe=recipe, **columns)
    with session() as db:
        db.query(tables.Group).filter_by(round_id=round_.id).update({"step": 0})
        db.query(tables.Sample).filter_by(round_id=round_.id).update({"step": 1})
    return project, round_


def test_in_review_the_first_selector_after_people_is_tried_out_and_replaced() -> None:
    project, round_ = listed(status=RoundStatus.review, stage=Stage.review, step=3, is_reviewed=True)
    actor = rows.make_actor(project)
    opening = openings.open_round(actor, round_.id)
    assert (opening.knobs.min_margin, opening.way) == (0.5, openings.Way.after_review)
    choosing.choose(actor, round_.id, {"min_margin": 1.5})
    with reading() as db:
        steps = db.get_one(tables.Round, round_.id).recipe["steps"]
    assert [steps[n]["part"]["name"] for n in (3, 5)] == ["margin_pairs", "best_versus_worst"]


def test_groups_that_are_not_chosen_yet_are_said() -> None:
    project, round_ = listed(status=RoundStatus.running, stage=Stage.select, step=3)
    with pytest.raises(Conflict, match="has not run yet"):
        openings.open_round(rows.make_actor(project), round_.id)


def test_of_a_round_with_its_checkpoint_what_is_shown_is_what_its_branch_replaces() -> None:
    project, round_ = listed(status=RoundStatus.done, stage=Stage.evaluate, step=7)
    with session() as db:
        row = db.get_one(tables.Round, round_.id)
        row.checkpoint_id = row.policy_id
        row.steps = {"4": {"groups": []}}
    opening = openings.open_round(rows.make_actor(project), round_.id)
    assert (opening.knobs.min_margin, opening.way) == (0.5, openings.Way.branch)
    with reading() as db:
        row = db.get_one(tables.Round, round_.id)
        assert openings.selector_step(db, row) == branches.step_at(row, "select") == 3


def test_a_branch_that_is_launched_is_said() -> None:
    project, round_, _ = judged(status=RoundStatus.done, stage=Stage.evaluate, step=4)
    with session() as db:
        row = db.get_one(tables.Round, round_.id)
        row.checkpoint_id = row.policy_id
    selecting_round = choosing.choose(rows.make_actor(project), round_.id, {"min_margin": 2.0})
    assert (selecting_round.round_id != round_.id, selecting_round.number, selecting_round.branch_of_number) == (
        True,
        2,
        1,
    )
    assert (
        shown.chosen(selecting_round) == f"Round 2, a branch of round 1, is launched by job {selecting_round.job_id}."
    )
    with reading() as db:
        assert db.get_one(tables.Round, selecting_round.round_id).recipe["selector"]["min_margin"] == 2.0
        assert "min_margin" not in db.get_one(tables.Round, round_.id).recipe["selector"]


def test_the_round_is_locked_before_its_status_decides() -> None:
    project, round_, _ = judged(status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    actor, locks = rows.make_actor(project), []

    def note(state: ORMExecuteState) -> None:
        statement: Any = state.statement
        locks.append(getattr(statement, "_for_update_arg", None) is not None)

    event.listen(Session, "do_orm_execute", note)
    try:
        choosing.choose(actor, round_.id, {})
    finally:
        event.remove(Session, "do_orm_execute", note)
    assert any(locks)


def test_a_category_with_many_values_stays_a_choice_and_is_not_listed_whole() -> None:
    project, round_, _ = judged()
    many = openings.MOST_VALUES + 10
    prompts = rows.make_prompt_set(project, prompts=[f"more {n}" for n in range(many)])
    with session() as db:
        for row in db.query(tables.Prompt).filter_by(prompt_set_id=prompts.id):
            row.extra = {"topic": row.text}
        result = db.get_one(tables.Round, round_.id)
        result.recipe = result.recipe | {"selector": {"name": "margin_pairs", "category": "topic"}}
    rows.make_samples(round_, prompts, n=2, scores=[1.0, 2.0], texts=["one", "another"])
    actor = rows.make_actor(project)
    opening = openings.open_round(actor, round_.id)
    assert "topic" not in opening.notes
    result = previews.of_opening(opening, opening.knobs)
    assert (len(result.categories), result.num_categories) == (previews.MOST_CATEGORIES, many + 1)
    opening.categories("level")
    assert list(opening._codes) == ["level"], "arrays of one note alone are kept"
    with site.signed_in(actor) as client:
        reply = Page(client, project.slug).ask("pairs", "draw", round=str(round_.id))
    assert '["topic", "topic"]' in reply
    assert f"and {many + 1 - previews.MOST_CATEGORIES} other categories" in reply


class Page(Clicker, Opened):
    """Opens a page and moves its sliders."""


def test_what_was_computed_for_another_round_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slider of round 1 is moved; before what it comes to is drawn, round 2 is opened and made to select so."""
    project, first, _ = judged()
    second = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    rows.make_samples(second, rows.make_prompt_set(project, prompts=["four"]), n=2, scores=[1.0, 5.0])
    with site.signed_in(rows.make_actor(project)) as client:
        page = Page(client, project.slug)
        page.ask("pairs", "draw", round=str(first.id))

        def open_second() -> None:
            page.do("pairs", "open_round", round=second.id)
            assert '"rows": "1"' in page.replies[-1]

        page.meanwhile("pairs", previews, "preview", open_second, monkeypatch, tick="follow")
        assert "address" not in page.replies[-1]
        page.do("pairs", "choose")
        with reading() as db:
            names = [db.get_one(tables.Round, round_.id).recipe["selector"]["name"] for round_ in (first, second)]
        assert names == [rows.RECIPE["selector"]["name"], "margin_pairs"]


def test_the_page_follows_its_sliders() -> None:
    project, round_, _ = judged()
    with session() as db:
        result = db.get_one(tables.Round, round_.id)
        result.recipe = result.recipe | {"selector": {"name": "margin_pairs", "drop_truncated": False}}
    with site.signed_in(rows.make_actor(project)) as client:
        page = Page(client, project.slug)
        reply = page.ask("pairs", "draw", round=str(round_.id))
        assert '"rows": "3"' in reply
        assert "pairs of 3 prompts with 12 samples" in reply
        page.do("pairs", "follow", margin=4.0)
        assert '"rows": "3"' in page.replies[-1]
        page.do("pairs", "follow", margin=4.5)
        assert "margin below min_margin" in page.replies[-1]
        kept_address = json.loads(page.replies[-1])["data"][-1]["address"]
        assert kept_address.startswith(f"round={round_.id}&min_margin=4.5&ties=drop&")
        page.do("pairs", "follow", margin=-3)
        assert '"rows": "3"' in page.replies[-1], "as with 0, to which the field falls back"
        assert "&min_margin=0.0&" in page.replies[-1]
        page.do("pairs", "follow", margin=99)
        assert json.loads(page.replies[-1])["data"][0]["interactive"] is False, "nothing to select again with"
        page.do("pairs", "follow", margin=4.0)
        assert json.loads(page.replies[-1])["data"][0]["interactive"] is True
        again = page.ask("pairs", "draw", **dict(parse_qsl(kept_address, keep_blank_values=True)))
        assert "margin below min_margin" in again, "a page that is loaded again has its knobs"
        refused = page.ask("pairs", "draw", round=str(round_.id), min_margin="-1")
        assert '"rows": "3"' in refused, "the round's own knobs stand"
        page.do("pairs", "follow", margin=4.5)
        assert "margin below min_margin" in page.replies[-1], "and can be moved"
        unjudged = rows.make_round(project)
        early = page.ask("pairs", "draw", round=str(unjudged.id))
        assert f"Round {unjudged.number} is not judged yet: it is running, stage generate." in early
        assert '"interactive": false' in early
        page.ask("pairs", "draw", round=str(round_.id))
        page.do("pairs", "follow", margin=4.5)
        page.do("pairs", "choose")
        with reading() as db:
            result = db.get_one(tables.Round, round_.id)
            selector = result.recipe["selector"]
            assert (selector["min_margin"], selector["drop_truncated"]) == (4.5, False), "what has no field stays"
            jobs = db.query(tables.Job).filter_by(round_id=round_.id, status=JobStatus.queued)
            assert [job.stage for job in jobs] == [Stage.select]
