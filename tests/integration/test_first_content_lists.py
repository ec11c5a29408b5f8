"""The lists and fields of the first content: the rows, words and rights of those that Gradio will show."""

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from app.widgets.roles import needs
from backend.db import session, tables
from backend.errors import NotFound, PermissionDenied
from backend.services.samples import views
from backend.services.team import reviewers
from backend.values import DatasetType, JobStatus, Role, Stage
from tests import rows
from tests.integration import site
from tests.integration.reviewing import Team
from tests.integration.test_first_content import HOSTILE, HTML, OPENS, document, first, zone
from tests.integration.test_round_report import Done

__all__ = ["zone"]
pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]


def cells(text: str, elem_id: str) -> list[list[str]]:
    """The rows of the table that stands for this one."""
    part = first(text).partition(f'data-part="{elem_id}"')[2].partition("</table>")[0]
    rows = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in part.split("<tr>")]
    return [row for row in rows if row]


def test_lists_hold_the_rows_that_the_page_will_show() -> None:
    done = Done()
    with site.signed_in(done.actor) as client:
        every = cells(document(client, done, "samples"), "samples-table")
        assert [row[0] for row in every] == [str(sample.id) for sample in done.samples]
        accepted = document(client, done, "samples?verdict=accept&sort=-id")
        assert [row[0] for row in cells(accepted, "samples-table")] == [
            str(s.id) for s in reversed(done.samples[:18:2])
        ]
        assert "Number, newest first" in first(accepted)
        for odd in ("samples?verdict=accept&text=zebra", "samples?sample=x", "samples?round=0", "samples?min_score=9"):
            assert OPENS not in document(client, done, odd), f"{odd}: the page itself says what is missing"
        [row] = cells(document(client, done, "datasets"), "datasets-table")
        assert row[0] == str(done.dataset.id)
        assert OPENS not in document(client, done, f"datasets?dataset={done.dataset.id + 1}")
        assert len(cells(document(client, done, "prompts"), "prompt-sets")) == 2
        assert OPENS not in document(client, done, "training"), "nothing was trained"
        with session() as db:
            columns: dict[str, Any] = {"project_id": done.project.id, "round_id": done.round.id, "stage": Stage.train}
            db.add(tables.Job(**columns, workflow_id="w", queue="train", status=JobStatus.done, spec={"folder": "f"}))
        shown = first(document(client, done, f"training?rounds={done.round.id},9999"))
        assert f"Round {done.round.number}, done" in shown
        assert "9999" in shown.partition("training-said")[2], "what is asked for and not there is named"
        assert OPENS not in document(client, done, "team"), "no round was reviewed"


def test_a_reviewer_is_not_given_the_judge_in_a_list_and_not_the_people() -> None:
    team = Team()
    texts = {}
    for name, actor in (("curator", team.curator), ("reviewer", team.who("ann"))):
        with site.signed_in(actor) as client:
            for path in ("samples", "team"):
                texts[name, path] = client.get(site.page(team.project, path), headers=HTML).text
    scores = {
        name: {row[1] for row in cells(texts[name, "samples"], "samples-table")} for name in ("curator", "reviewer")
    }
    assert scores["curator"] == {"5", "2"}
    assert scores["reviewer"], "the list is there"
    assert scores["reviewer"].isdisjoint({"5", "2"})
    assert "team-progress" in first(texts["curator", "team"])
    assert OPENS not in texts["reviewer", "team"]


def test_what_a_page_hides_from_a_role_is_marked_so() -> None:
    """The style sheet hides by these classes (`app.widgets.roles`)."""
    done = Done()
    with site.signed_in(rows.make_actor(done.project, Role.viewer)) as client:
        for path, label, role in (
            ("samples", "Label here", Role.reviewer),
            ("compare", "Make the first the baseline", Role.curator),
        ):
            toolbar = (
                first(document(client, done, path)).partition(f">{label}<")[0].rpartition('class="first-toolbar ')[2]
            )
            assert toolbar.startswith(f'{needs(role)}"'), label


def test_fields_are_those_of_the_page() -> None:
    done = Done()
    with site.signed_in(done.actor) as client:
        shown = first(document(client, done, "samples"))
        assert "<span>View</span>" not in shown, "there is none to choose"
        views.save(done.actor, done.project.id, "Good ones", views.ViewQuery())
        shown = first(document(client, done, "samples"))
        assert '<span>View</span><span class="held">No view</span>' in shown


def test_whether_somebody_may_see_the_people_is_known_without_their_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team()

    def counted(*_: object, **__: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(reviewers, "_find", counted)
    with site.signed_in(team.curator) as client:
        assert "team-progress" in first(client.get(site.page(team.project, "team"), headers=HTML).text)
    for role in Role:
        if role in (Role.curator, Role.admin):
            reviewers.check(rows.make_actor(team.project, role), team.round.id)
        else:
            with pytest.raises(PermissionDenied):
                reviewers.check(rows.make_actor(team.project, role), team.round.id)
    with pytest.raises(NotFound):
        reviewers.check(rows.make_actor(rows.make_project(), Role.admin), team.round.id)


def test_texts_and_names_in_lists_are_text() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator, name=HOSTILE)
    asked = [f"{HOSTILE} asked", "another"]
    prompts = rows.make_prompt_set(project, HOSTILE, prompts=asked, extras=[{HOSTILE: HOSTILE}] * 2)
    round_ = rows.make_round(project, rows.make_checkpoint(project, HOSTILE), sets=[prompts], created_by=actor.user_id)
    samples = rows.make_samples(round_, prompts, texts=[f"{HOSTILE} answered", "other"], scores=[5.0, 1.0])
    rows.make_dataset(
        round_,
        DatasetType.preference,
        [{"prompt_id": s.prompt_id, "sample_id": s.id} for s in samples[:1]],
        provenance={"note": HOSTILE},
    )
    written = html.escape(HOSTILE)
    with site.signed_in(actor) as client:
        for path, number in (("samples", 4), ("datasets", 1), ("prompts", 2)):
            shown = first(client.get(site.page(project, path), headers=HTML).text)
            assert shown.count(written) >= number, path
            assert "<img" not in shown, path
        search = urlencode({"text": f'"{HOSTILE}"'})
        shown = first(client.get(site.page(project, f"samples?{search}"), headers=HTML).text)
        assert f'<span class="held">&#34;{written}&#34;</span>' in shown
        assert "<img" not in shown
