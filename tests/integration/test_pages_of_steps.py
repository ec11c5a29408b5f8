"""The pages of a round of steps, asked as a browser asks: lists by step, chains, jobs, the desk, the form."""

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import TimeoutError

from backend.services import rounds
from backend.services.recipes import saved_recipes
from backend.values import JobStatus, Stage
from tests.integration import site
from tests.integration.stepped import JUDGMENTS, Stepped
from tests.integration.test_deep_links import Opened


@pytest.fixture
def opened(database: str) -> Iterator[tuple[Stepped, Opened]]:
    result = Stepped(is_blind=False)
    with site.signed_in(result.curator) as client:
        yield result, Opened(client, result.project.slug)


def test_lists_of_a_step_are_linked_to_and_shown_with_its_name(opened: tuple[Stepped, Opened]) -> None:
    result, browser = opened
    round_id, judgment = result.round.id, result.judgments[result.answers[0]][0]
    reply = browser.ask("samples", "draw", round=str(round_id), step=str(JUDGMENTS), sample=str(judgment))
    assert '"2. answers"' in reply
    assert '"4. judgments"' in reply
    assert "8 samples" in reply
    assert f"step={JUDGMENTS}" in reply
    assert f"sample={result.answers[0]}" in reply, "the link to what it is about"
    reply = browser.ask("samples", "draw", round=str(round_id), step="8")
    assert "12 samples" in reply
    assert '"visible": true' in reply
    path = f"/api/v1/rounds/{round_id}/samples"
    with site.with_token(result.reviewer) as client:
        items = client.get(path, params={"step": [JUDGMENTS]}).json()["items"]
        assert {(row["step"], row["role"]) for row in items} == {(JUDGMENTS, "policy")}
        assert len(items) == 8
        assert client.get(path, params={"step": ["x"]}).status_code == 422


def test_the_desk_tells_the_chain_unless_it_is_blind(opened: tuple[Stepped, Opened]) -> None:
    result, browser = opened
    answer = result.answers[0]
    assert browser.desk(str(result.round.id))["desk"]["round"]["has_chain"]
    chain = browser.client.get(f"/api/v1/samples/{answer}/chain").json()
    assert [row["text"] for row in chain["questions"][0]["answers"]] == ["Score: 5", "Score: 3"]
    assert (chain["step"], chain["names"]["1"], chain["role"]) == (1, "answers", "policy")
    result.change(is_blind=True)
    assert not browser.desk(str(result.round.id))["desk"]["round"]["has_chain"]
    with site.signed_in(result.reviewer) as client:
        body = client.get(f"/api/v1/samples/{answer}/chain").json()
    assert (body["questions"], body["above"], body["is_hidden"]) == ([], [], True)


def test_jobs_name_their_step_and_the_form_lists_the_projects_own_recipes(opened: tuple[Stepped, Opened]) -> None:
    result, browser = opened
    job_id = result.stop(Stage.judge, 4, JobStatus.done)
    assert f"Job {job_id}: phase 1, step 5 of 11: judge read_score, round 1" in browser.ask("jobs", "draw")
    saved_recipes.save(result.curator, result.project.id, "Ours", result.round.recipe)
    reply = browser.ask("new_round", "load")
    assert "Ours (this project's own)" in reply


def test_the_form_is_filled_though_the_database_is_too_busy_to_estimate(
    opened: tuple[Stepped, Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_no_connection(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(rounds, "estimate", find_no_connection)
    reply = opened[1].ask("new_round", "load")
    assert '"waits": true' in reply
    assert '"visible": true' in reply
