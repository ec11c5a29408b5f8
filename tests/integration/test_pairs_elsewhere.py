"""Pairs of rounds that train on something else, and of rounds on which people are to decide blind."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.services import rounds
from backend.services.pairs import choosing, previews
from backend.values import RoundStatus, Stage
from tests import rows
from tests.integration import site
from tests.integration.test_pair_builder import Page, judged

pytestmark = [pytest.mark.on_sqlite, pytest.mark.usefixtures("database")]
TEXTS = rows.RECIPE | {
    "selector": {"name": "above_threshold"},
    "trainer": {"name": "sft"},
    "mix_share": 0.5,
    "earlier_rounds": True,
}
"""Trains by a trainer that reads no pairs."""


def test_of_a_round_whose_trainer_reads_no_pairs_a_branch_is_set_up_with_one_that_does() -> None:
    project, round_, _ = judged(recipe=TEXTS)
    actor = rows.make_actor(project)
    pair_preview = previews.preview(actor, round_.id, {"min_margin": 2.0})
    assert (pair_preview.rows, pair_preview.unfit, len(pair_preview.examples)) == (3, "sft", 3)
    with pytest.raises(InvalidInput, match=r"sft trains on .* Choose a selector and a trainer that fit"):
        choosing.choose(actor, round_.id, {})
    with site.signed_in(actor) as client:
        page = Page(client, project.slug)
        early = page.ask("pairs", "draw", round=str(round_.id))
        assert "Round 1 trains by sft, which reads no pairs. Once the round has its checkpoint, a branch" in early
        assert "new-round?branch" not in early
        assert '"visible": false' in early, "no button that cannot be pressed"
        with session() as db:
            row = db.get_one(tables.Round, round_.id)
            row.status, row.stage, row.step, row.checkpoint_id = RoundStatus.done, Stage.evaluate, 4, row.policy_id
        page.ask("pairs", "draw", round=str(round_.id))
        page.do("pairs", "follow", margin=2.5)
        result = json.loads(page.replies[-1])["data"][1]
        assert "A branch of it can train on these: by dpo" in result["unfit"]
        asked = urlsplit(result["form"])
        assert asked.path == "new-round"
        reply = page.ask("new_round", "load", **dict(parse_qsl(asked.query, keep_blank_values=True)))
        assert "margin_pairs" in reply
        assert "That cannot" not in reply
    knobs = {name: value for name, value in parse_qsl(asked.query, keep_blank_values=True) if name in choosing.KNOBS}
    plan = choosing.plan(actor, round_.id, knobs)
    recipe = plan.recipe
    assert (recipe["selector"]["name"], recipe["selector"]["min_margin"]) == ("margin_pairs", 2.5)
    assert (recipe["trainer"]["name"], recipe["mix_share"], recipe["earlier_rounds"]) == ("dpo", 0.0, False)
    assert (plan.branch_of, plan.branch_step) == (round_.id, 3)
    branch_id = rounds.launch(actor, project.id, plan)
    with reading() as db:
        assert db.get_one(tables.Round, branch_id).recipe["trainer"]["name"] == "dpo"
        assert db.get_one(tables.Round, round_.id).recipe["trainer"]["name"] == "sft"


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        (1e-3, None, "1,000 times below the 0.001 of sft in round 1"),
        (1e-4, None, "100 times below the 0.0001 of sft in round 1"),
        (9e-5, None, ""),
        (None, None, ""),  # the defaults of both
        (1e-3, 2e-6, ""),  # somebody chose it
    ],
)
def test_another_trainer_s_default_rate_far_below_the_round_s_is_told_before_the_launch(
    before: float | None, now: float | None, says: str
) -> None:
    rate = {} if before is None else {"learning_rate": before}
    project, round_, _ = judged(recipe=TEXTS | {"trainer": {"name": "sft"} | rate})
    actor = rows.make_actor(project)
    with session() as db:
        row = db.get_one(tables.Round, round_.id)
        row.status, row.stage, row.step, row.checkpoint_id = RoundStatus.done, Stage.evaluate, 4, row.policy_id
    branch = choosing.plan(actor, round_.id, {})
    if now is not None:
        branch = replace(branch, recipe=branch.recipe | {"trainer": branch.recipe["trainer"] | {"learning_rate": now}})
    follows = replace(branch, branch_of=None, branch_step=None, parent_id=round_.id)
    for plan in (branch, follows):
        told = [text for text in rounds.estimate(actor, project.id, plan).warnings if "default learning rate" in text]
        assert len(told) == bool(says)
        assert says in "".join(told)
    fresh = replace(follows, parent_id=None)
    assert "default learning rate" not in str(rounds.estimate(actor, project.id, fresh).warnings)


@pytest.mark.parametrize(
    ("columns", "is_hidden"),
    [
        ({"is_blind": True}, True),
        ({"is_blind": True, "review": {"mode": "judgment"}}, False),
        ({"is_blind": False}, False),
        ({"is_blind": True, "status": RoundStatus.done}, False),
    ],
)
def test_no_example_tells_what_the_judge_said_while_people_are_to_decide_blind(
    columns: dict[str, Any], is_hidden: bool
) -> None:
    project, round_, _ = judged(**{"status": RoundStatus.review, "stage": Stage.review, "is_reviewed": True} | columns)
    pair_preview = previews.preview(rows.make_actor(project), round_.id, {})
    assert (pair_preview.rows, pair_preview.is_blind, len(pair_preview.examples)) == (
        3,
        is_hidden,
        0 if is_hidden else 3,
    )
    with site.signed_in(rows.make_actor(project)) as client:
        for reply in (
            Page(client, project.slug).ask("pairs", "draw", round=str(round_.id)),
            client.get(f"/p/{project.slug}/pairs?round={round_.id}").text,
        ):
            assert ("Examples are shown when the review is over" in reply) is is_hidden
            assert ("text x" in reply) is not is_hidden
