"""A figure over the rounds: metrics, the judge's mean, and wins against the start, as far as one may see them."""

import pytest

from app.pages import overview as page
from app.widgets.context import Context
from app.widgets.trend_chart import trend
from backend.db import session, tables
from backend.errors import InvalidInput
from backend.metrics._intervals import wilson
from backend.services.projects import overview
from backend.services.results import trends
from backend.values import Role, RoundStatus, Split
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def test_metrics_and_the_judges_mean_go_from_round_to_round() -> None:
    project = rows.make_project()
    asked = rows.make_prompt_set(project, prompts=["a", "b"])
    first = rows.make_round(project, sets=[asked], status=RoundStatus.done)
    second = rows.make_round(project, sets=[asked], status=RoundStatus.review, is_reviewed=True)
    rows.make_samples(first, asked, scores=[1.0, 2.0, 3.0, None])
    rows.make_samples(second, asked, scores=[4.0])
    viewer, curator = (rows.make_actor(project, role) for role in (Role.viewer, Role.curator))
    assert trends.names(viewer, project.id) == ["judge_mean"]
    with session() as db:
        for round_, value in ((first, 12.5), (second, 14.0)):
            of = {"project_id": project.id, "round_id": round_.id}
            db.add(tables.Metric(**of, name="mean_tokens", value=value, low=value - 1, high=value + 1, n=4))
    assert trends.names(viewer, project.id) == ["judge_mean", "mean_tokens"]
    (mean,) = trends.read(viewer, project.id, "judge_mean")  # the other round is open
    # Mean 2; deviation sqrt(2/3) of the three, so the half width is 1.96 * sqrt(2/3) / sqrt(2).
    assert (mean.number, mean.value, mean.n) == (1, 2.0, 3)
    assert mean.high == pytest.approx(2 + 1.96 * (2 / 3) ** 0.5 / 2**0.5)
    assert [point.value for point in trends.read(curator, project.id, "judge_mean")] == [2.0, 4.0]
    lengths = trends.read(curator, project.id, "mean_tokens")
    assert [(point.number, point.value, point.low) for point in lengths] == [(1, 12.5, 11.5), (2, 14.0, 13.0)]
    assert trend(lengths, "mean_tokens").layout.yaxis.title.text == "mean tokens"
    assert trend(lengths[:1], "mean_tokens", [1, 2, 3]).layout.xaxis.tickvals == (1, 2, 3)
    low = trend([trends.TrendPoint(1, 1, 0.1, 0.0, 0.4, 5)], "accuracy").data[0].error_y
    assert (low.arrayminus, low.array) == ((0.1,), (pytest.approx(0.3),)), "an end of 0 is known"
    here = Context(viewer, project.id, "", None)
    loop = overview.loop(viewer, project.id)
    assert page._points(here, loop, "mean_tokens")[1] == trends.read(viewer, project.id, "mean_tokens")
    assert page._points(here, loop, "x") == ("", []), "its only round was deleted: the page goes on"
    with pytest.raises(InvalidInput, match=r"has 'x'. Choose from judge_mean, mean_tokens"):
        trends.read(viewer, project.id, "x")


@pytest.mark.on_sqlite
def test_wins_of_an_arena_are_told_to_who_has_nothing_to_decide_in_it() -> None:
    project = rows.make_project()
    start, trained = (rows.make_checkpoint(project) for _ in range(2))
    asked = rows.make_prompt_set(project, prompts=["a", "b", "c"])
    round_ = rows.make_round(project, start, sets=[asked], status=RoundStatus.done, checkpoint_id=trained.id)
    answers = rows.make_samples(round_, asked, split=Split.held_out)
    viewer, ann, ben = (rows.make_actor(project, role) for role in (Role.viewer, Role.reviewer, Role.reviewer))
    with session() as db:
        arena = tables.Arena(project_id=project.id, first_id=start.id, second_id=trained.id, secret="x")
        db.add(arena)
        db.flush()
        for place, winner in enumerate(("second", "second", "first")):
            of = {"first_sample_id": answers[2 * place].id, "second_sample_id": answers[2 * place + 1].id}
            match = tables.ArenaMatch(arena_id=arena.id, prompt_id=answers[2 * place].prompt_id, **of)
            db.add(match)
            db.flush()
            db.add(tables.ArenaVote(match_id=match.id, user_id=ann.user_id, winner=winner, is_swapped=False))
    low, high = wilson(2, 3)
    expected = [trends.TrendPoint(round_.id, 1, 2 / 3, low, high, 3)]
    assert trends.read(viewer, project.id, "wins_against_start") == expected
    assert trends.read(ann, project.id, "wins_against_start") == expected
    assert trends.read(ben, project.id, "wins_against_start") == []
    (told,) = trend([], "wins_against_start").layout.annotations
    assert "once you have decided all your matches" in told.text
