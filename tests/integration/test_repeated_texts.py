"""The order by informativeness asks once for each text of a prompt: repeats come after all else, and none is lost."""

import pytest
from sqlalchemy import update

from backend.db import reading, session, tables
from backend.pipeline import informativeness
from backend.pipeline.informativeness.rows import READ
from backend.services import queue, reviews
from backend.services.access import Actor
from backend.services.queue import Order
from backend.services.reviews import Act
from backend.values import DecisionKind, LabelSource, Role, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, Team
from tests.integration.test_informativeness import judged

A, R = Verdict.accept, Verdict.reject


def values_of(ids: list[int]) -> list[float]:
    with reading() as db:
        return [db.get_one(tables.Informativeness, n).informativeness for n in ids]


def order_of(team: Team, values: dict[int, float], *, is_open: bool = True) -> None:
    """Write these values, as the judge's end does."""
    with session() as db:
        for n, value in values.items():
            row = tables.Informativeness(
                sample_id=n, round_id=team.round.id, informativeness=value, why="cut", is_open=is_open
            )
            db.add(row)


def name_texts(texts: dict[int, str]) -> None:
    with session() as db:
        for n, text in texts.items():
            db.get_one(tables.Sample, n).text = text


def walked(actor: Actor, round_id: int, number: int) -> list[int]:
    """Decide on items as the queue gives them, so many at a time, until there are none."""
    served: list[int] = []
    while items := queue.queue(actor, round_id, order=Order.informativeness, limit=number):
        for item in items:
            reviews.decide_many(actor, round_id, [Act(f"decision-{item.sample_id}", REJECT, item.sample_id)])
        served += [item.sample_id for item in items]
    return served


def test_each_text_of_a_prompt_is_asked_once_before_any_is_asked_again(database: str) -> None:
    texts = ["4 8 4 = 0", "4 8 4 = 0", " 4 8 4 = 0\n", "4-8+4", "4 8 4 = 0"]
    stage, ids = judged(texts * 3, [A, R, A, R, A] * 3, prompts=3)
    informativeness.write(stage)
    with session() as db:
        review = {"status": RoundStatus.review, "stage": Stage.review, "review": {"random_share": 0.0}}
        db.execute(update(tables.Round).values(review))
        reviewed = db.get_one(tables.Project, stage.round.project_id)
    reviewer = rows.make_actor(reviewed, Role.reviewer)
    served = walked(reviewer, stage.round.id, 4)
    text_of = {n: (place // 5, texts[place % 5].strip()) for place, n in enumerate(ids)}
    assert len({text_of[n] for n in served[:6]}) == 6, "two texts of each of three prompts"
    assert sorted(served) == ids, "each sample once, none lost"
    progress = reviews.progress(reviewer, stage.round.id)
    assert (progress.samples, progress.decided) == (15, 15)


def test_the_most_informative_of_the_same_texts_stays_where_it_was(database: str) -> None:
    stage, ids = judged(["x", "x", "y"], [A, A, A])
    with session() as db:
        db.execute(update(tables.Label).where(tables.Label.sample_id == ids[1]).values(machine_spread=2.0))
    informativeness.write(stage)
    first, second, other = values_of(ids)
    assert 0 <= other < second <= 1
    assert -2 <= first < 0
    informativeness.write(stage)
    assert values_of(ids) == [first, second, other], "writing again changes nothing"


def test_long_texts_are_the_same_only_where_their_beginnings_are(database: str) -> None:
    end = "z" * READ
    stage, ids = judged([f"one {end}", f"two {end}", f"one {end}", end], [A] * 4)
    informativeness.write(stage)
    assert [value < 0 for value in values_of(ids)] == [False, False, True, False]


def test_episodes_that_end_alike_are_no_repeats(database: str) -> None:
    stage, ids = judged(["done", "done"], [A, A])
    with session() as db:
        for n, word in zip(ids, ("left", "right"), strict=True):
            db.get_one(tables.Sample, n).turns = [{"role": "assistant", "content": word}]
    informativeness.write(stage)
    assert min(values_of(ids)) >= 0


@pytest.mark.parametrize("kind", [ACCEPT, REJECT])
def test_a_text_that_was_decided_out_of_its_turn_is_asked_again_last(database: str, kind: DecisionKind) -> None:
    team = Team(prompts=2, n=4, scores=(0.0,))
    name_texts({n: f"text {place % 2}" for place, n in enumerate(team.ids)})
    order_of(team, {n: 0.9 - place / 100 for place, n in enumerate(team.ids)})
    team.act("ann", team.ids[2], kind)
    served = team.queue("ann", order=Order.informativeness)
    assert served == [*team.ids[4:], team.ids[1], team.ids[3], team.ids[0]]


def test_what_was_decided_in_one_prompt_says_nothing_of_the_same_text_in_another(database: str) -> None:
    team = Team(prompts=2, n=2, scores=(0.0,))
    name_texts(dict.fromkeys(team.ids, "7"))
    order_of(team, dict.fromkeys(team.ids, 0.5))
    team.act("ann", team.ids[0], REJECT)
    assert team.queue("ann", order=Order.informativeness) == [*team.ids[2:], team.ids[1]]


@pytest.mark.on_sqlite
def test_more_decided_texts_than_a_page_holds_do_not_come_before_a_new_one(database: str) -> None:
    team = Team(prompts=141, n=2, scores=(0.0,))
    name_texts(dict.fromkeys(team.ids, "7"))
    order_of(team, dict.fromkeys(team.ids[:-2:2], 0.9) | dict.fromkeys(team.ids[-2:], 0.1))
    order_of(team, dict.fromkeys(team.ids[1:-2:2], -1.1), is_open=False)
    with session() as db:
        decided = {"source": LabelSource.person, "verdict": Verdict.reject}
        db.execute(update(tables.Label).where(tables.Label.sample_id.in_(team.ids[1:-2:2])).values(decided))
    assert team.queue("ann", order=Order.informativeness, limit=3) == [*team.ids[-2:], team.ids[0]]


def test_each_of_two_reviewers_an_item_is_asked_for_the_same_one_of_the_repeats(database: str) -> None:
    team = Team(prompts=1, n=3, scores=(0.0,), num_reviewers_per_item=2)
    name_texts(dict(zip(team.ids, ("x", "x", "y"), strict=True)))
    order_of(team, dict(zip(team.ids, (0.9, -1.1, 0.2), strict=True)))
    wanted = [team.ids[0], team.ids[2], team.ids[1]]
    assert team.queue("ann", order=Order.informativeness) == wanted
    assert team.queue("bob", order=Order.informativeness) == wanted
    assert team.queue("cid", order=Order.informativeness) == []
