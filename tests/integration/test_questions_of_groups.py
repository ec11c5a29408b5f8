"""A project's own questions in reviews of groups and pairs: asked of each sample, required of the one put first."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from app.agents.reviewing import Decide, NextItem
from backend.errors import Conflict
from backend.services import questions
from backend.services.access import Actor
from backend.services.questions import NewQuestion, answers
from backend.services.questions.answers import Given, NewAnswer
from backend.services.samples import Filters
from backend.services.samples import page as page_of_samples
from backend.services.team import question_agreement
from backend.values import DecisionKind
from tests.integration.reviewing import SKIP, Team

PREFER, RANK = DecisionKind.prefer, DecisionKind.rank
UNANSWERED = "'Accuracy' has to be answered before sample {} is put first in its group. Answer it first"


class Desk(Team):
    """A review of groups of three whose project asks a rating that is required."""

    def __init__(self, **review: Any) -> None:
        super().__init__(n=3, scores=(5.0, 2.0, 3.0), **review)
        self.rating = questions.add(self.curator, self.project.id, NewQuestion("Accuracy", is_required=True))

    def rate(self, actor: Actor, ratings: dict[int, int]) -> None:
        sent = [NewAnswer(uuid.uuid4().hex, n, self.rating.id, {"rating": rating}) for n, rating in ratings.items()]
        assert all(isinstance(given, Given) for given in answers.give(actor, self.round.id, sent))

    def refuses(self, name: str, group: Sequence[int], kind: DecisionKind, value: dict[str, Any], sample: int) -> None:
        with pytest.raises(Conflict, match=UNANSWERED.format(sample)):
            self.act(name, group[0], kind, value=value)


def test_a_group_is_decided_once_the_sample_that_is_put_first_is_answered(database: str) -> None:
    desk = Desk(mode="group", num_reviewers_per_item=2)
    first, second, third = (desk.ids[at : at + 3] for at in (0, 3, 6))
    ada, ben = desk.who("Ada"), desk.who("Ben")
    better, order = {"best": first[1], "worst": first[0]}, {"order": [second[2], second[0], second[1]]}
    desk.rate(ada, {first[0]: 2, second[0]: 2})
    desk.refuses("Ada", first, PREFER, better, first[1])
    desk.refuses("Ada", second, RANK, order, second[2])
    desk.act("Ada", third[0], PREFER, value={"all_bad": third})
    desk.act("Ben", third[0], PREFER, value={"tie": third})
    desk.act("Ben", second[0], SKIP)
    desk.rate(ada, {first[1]: 4, second[2]: 5})
    (shown, *_) = desk.items("Ada", order="sequential")
    assert [member.answers for member in shown.members] == [
        {desk.rating.id: {"rating": 2}},
        {desk.rating.id: {"rating": 4}},
        {},
    ]
    desk.act("Ada", first[0], PREFER, value=better)
    desk.act("Ada", second[0], RANK, value=order)
    # Ben has decided nothing on the first group: his answers saw none of hers.
    desk.rate(ben, {first[0]: 2, first[1]: 4})
    (line,) = question_agreement.measure(desk.curator, desk.round.id)
    assert (line.people, line.answers, line.left_out, line.percent.value) == (2, 6, {}, 1.0)
    rows = page_of_samples(desk.curator, desk.round.id, Filters(answer=("accuracy>=4",))).rows
    assert [row.id for row in rows] == [first[1], second[2]]


@pytest.mark.on_sqlite
def test_of_a_pair_the_better_side_is_answered_and_a_curators_answers_count(database: str) -> None:
    desk = Desk(mode="pair")
    desk.people["Cleo"] = desk.curator
    item = desk.items("Cleo", order="sequential")[0]
    a, b = (member.sample_id for member in item.members)
    desk.refuses("Cleo", [item.sample_id], PREFER, {"best": b, "worst": a}, b)
    desk.rate(desk.curator, {a: 3, b: 4})
    desk.act("Cleo", item.sample_id, PREFER, value={"best": b, "worst": a})
    (line,) = question_agreement.measure(desk.curator, desk.round.id)
    assert (line.answers, line.left_out) == (2, {})


@pytest.mark.on_sqlite
def test_an_agents_answers_are_about_the_sample_that_it_puts_first(database: str) -> None:
    desk = Desk(mode="group")
    ada, group = desk.who("Ada"), desk.ids[:3]
    asked = NextItem(round_id=desk.round.id, order="sequential").call(ada)
    assert [question["key"] for question in asked["questions"]] == ["accuracy"]
    given = {"kind": "prefer", "reason": "It is so.", "value": {"best": group[2], "worst": None}}
    decide = Decide(round_id=desk.round.id, sample_id=group[0], client_id="agent-decides-1", **given)
    with pytest.raises(Conflict, match=UNANSWERED.format(group[2])):
        decide.call(ada)
    decide.model_copy(update={"answers": {"accuracy": {"rating": 5}}}).call(ada)
    rows = page_of_samples(desk.curator, desk.round.id, Filters(answer=("accuracy=5",))).rows
    assert [row.id for row in rows] == [group[2]]
