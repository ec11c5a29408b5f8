"""A timer's tick that is under way while a person chooses something else: what was chosen stays, and is what is acted on."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.pages import checkpoints as checkpoints_page
from app.pages import jobs as jobs_page
from app.pages import me as me_page
from app.pages import team as team_page
from app.pages.samples import drawing
from backend.db import session, tables
from backend.services.people import accounts
from backend.values import JobStatus, RoundStatus, Stage
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.walking import World, make_world


@pytest.fixture
def opened(database: str) -> Iterator[tuple[World, Clicker]]:
    here = make_world()
    with site.signed_in(accounts.local_owner()) as client:
        yield here, Clicker(client, here.project.slug)


def add_job(world: World, name: str) -> int:
    with session() as db:
        job = tables.Job(
            project_id=world.project.id,
            round_id=world.ids["round_id"],
            workflow_id=name,
            stage=Stage.train,
            queue="train",
            status=JobStatus.queued,
        )
        db.add(job)
        db.flush()
        return job.id


def test_a_job_chosen_while_the_page_is_drawn_anew_stays_chosen_and_is_the_one_acted_on(
    opened: tuple[World, Clicker], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, page = opened
    first, second = (add_job(world, f"job {n}") for n in range(2))
    cancelled: list[int] = []
    monkeypatch.setattr(jobs_page.job_views, "cancel", lambda actor, job_id: cancelled.append(job_id))
    page.do("jobs", "draw")
    page.do("jobs", "choose", row=second)
    page.meanwhile("jobs", jobs_page.job_views, "list_jobs", lambda: page.do("jobs", "choose", row=first), monkeypatch)
    assert f"Job {first}:" not in page.replies[-1], "the tick that came late drew nothing"
    assert f"Job {second}:" not in page.replies[-1]
    page.do("jobs", "refresh")
    assert f"Job {second}:" not in page.replies[-1]
    page.do("jobs", "cancel")
    assert f"Job {first}:" in page.replies[-1]
    assert cancelled == [first]


def test_a_filter_set_while_the_page_is_drawn_anew_stays_and_is_what_a_bulk_action_is_for(
    opened: tuple[World, Clicker], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, page = opened
    # By answers nothing is rejected, and no sample of this round has a vector.
    unset: dict[str, Any] = {"answers to questions": " ", "metadata": " ", "similar to sample": None, "cluster": None}
    unset |= {"human verdict": None, "tags": " "}  # a bulk action takes neither
    page.do("samples", "draw")

    def narrow() -> None:
        page.do("samples.narrowing", "narrow", **unset)
        assert "No sample passes these filters." in page.replies[-1]

    page.do("samples", "choose_round", round=world.ids["round_id"])
    assert "No sample passes" not in page.replies[-1]
    page.meanwhile("samples", drawing.samples, "page", narrow, monkeypatch)
    assert "samples" not in page.replies[-1], "the tick that came late drew nothing"
    page.do("samples.bulk_acts", "look_ahead", action="reject", **unset)
    assert "Reject 0 samples" in page.replies[-1]


def test_a_trial_begun_while_the_last_one_is_looked_at_is_followed(
    opened: tuple[World, Clicker], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, page = opened

    def ask() -> None:
        page.do("checkpoints.trying", "ask_checkpoints", prompt="another question")
        assert "The trial is queued." in page.replies[-1]

    page.do("checkpoints", "load")
    ask()
    with session() as db:
        db.query(tables.Job).order_by(tables.Job.id.desc()).first().status = JobStatus.cancelled

    page.meanwhile("checkpoints", checkpoints_page.checkpoints, "try_result", ask, monkeypatch, tick="poll")
    assert "The trial is" not in page.replies[-1], "the tick that came late drew nothing"
    page.do("checkpoints", "poll")
    assert "The trial is queued." in page.replies[-1]


@pytest.mark.parametrize(
    ("module", "choose", "service"),
    [("me", "show", me_page.reviewers), ("team", "choose", team_page.reviews)],
)
def test_a_round_chosen_while_another_one_is_drawn_anew_stays_on_the_page(
    opened: tuple[World, Clicker], monkeypatch: pytest.MonkeyPatch, module: str, choose: str, service: Any
) -> None:
    world, page = opened
    more = rows.make_round(world.project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    page.do(module, "draw")
    page.do(module, choose, round=more.id)
    asked = {"me": "mine", "team": "progress"}[module]
    page.meanwhile(module, service, asked, lambda: page.do(module, choose, round=world.ids["round_id"]), monkeypatch)
    assert '"value"' not in page.replies[-1], "the tick that came late drew nothing"
    assert "items" not in page.replies[-1]
