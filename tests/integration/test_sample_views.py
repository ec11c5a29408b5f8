"""Views of samples: whose they are, who may share and change them, and that they show nothing which is hidden."""

from urllib.parse import parse_qsl

import gradio as gr
import pytest

from app.pages.samples import drawing, saved_views
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context
from app.widgets.sample_filters import from_address, read_filters, without_missing_step
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied, Stale
from backend.services import samples
from backend.services.access import Actor
from backend.services.samples import Filters, Sort, SortKey, views
from backend.services.samples.views import ViewQuery
from backend.values import Role, RoundStatus
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker

pytestmark = pytest.mark.usefixtures("database")
ASKED = ViewQuery(
    Filters(verdict=("accept",), text='"red blue"'),
    Sort(SortKey.score, descending=True, then=SortKey.length),
    ("level",),
)


def test_a_view_is_kept_renamed_changed_and_deleted() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.viewer)
    kept = views.save(actor, project.id, " Good ones ", ASKED)
    assert (kept.name, kept.asked, kept.is_own, kept.is_shared, kept.created_by) == (
        "Good ones",
        ASKED,
        True,
        False,
        actor.name,
    )
    assert views.get(actor, kept.id) == kept
    second = views.save(actor, project.id, "all", ViewQuery())
    assert [view.name for view in views.list_views(actor, project.id)] == ["all", "Good ones"]
    renamed = views.change(actor, kept.id, name="Best")
    assert (renamed.name, renamed.asked) == ("Best", ASKED)
    assert views.change(actor, kept.id, asked=ViewQuery(columns=())).asked == ViewQuery(columns=())
    views.delete(actor, second.id)
    assert [view.name for view in views.list_views(actor, project.id)] == ["Best"]
    with reading() as db:
        assert db.query(tables.Event).filter(tables.Event.verb.contains("view")).count() == 0, "it concerns nobody else"


def test_a_view_that_somebody_changed_is_not_lost_by_a_later_change() -> None:
    project = rows.make_project()
    ann, ben = (rows.make_actor(project, Role.curator) for _ in range(2))
    read = views.save(ann, project.id, "Long", ASKED, is_shared=True)
    assert views.change(ben, read.id, name="Longest", version=read.version).version == 2
    with pytest.raises(Stale, match=r"name is 'Longest', and you write 'Longer'\. .* version 2") as refused:
        views.change(ann, read.id, name="Longer", is_shared=True, version=read.version)
    assert views.get(ann, read.id).name == "Longest"
    assert views.change(ann, read.id, name="Longer", version=refused.value.version).version == 3
    assert views.change(ann, read.id, name="Long").version == 4, "who sends none changes what is there"


def test_the_page_tells_what_changed_and_saves_the_second_time() -> None:
    project = rows.make_project()
    asked = rows.make_prompt_set(project)
    round_ = rows.make_round(project, sets=[asked], status=RoundStatus.done)
    rows.make_samples(round_, asked)
    ann = rows.make_actor(project, Role.curator)
    kept = views.save(ann, project.id, "Long", ViewQuery())
    here, asked_for = Context(ann, project.id, "", None), CurrentChoice()
    asked_for.put({"round": round_.id} | saved_views.chosen(kept))
    views.change(ann, kept.id, name="Longest")
    *rest, refused = saved_views.change_chosen(here, asked_for, "Longer", is_shared=False)
    assert refused["refused"].startswith(
        "Long was changed since you chose it. Its name is Longest now. Save changes once"
    )
    assert rest == [gr.skip()] * 6, "the fields stay as they are"
    assert saved_views.change_chosen(here, asked_for, "Longer", is_shared=False)[-1] == "Longer is changed."
    assert views.get(ann, kept.id).name == "Longer"
    other = rows.make_actor(project, Role.curator)
    views.change(ann, kept.id, is_shared=True)
    views.change(other, kept.id, asked=ASKED)
    refused = saved_views.change_chosen(here, asked_for, "Longer", is_shared=True)[-1]["refused"]
    assert refused.startswith(f"Longer was changed by {other.name} since you chose it. It shows something else now.")


def test_ones_own_views_are_nobody_elses_and_sharing_takes_a_curator() -> None:
    project = rows.make_project()
    viewer, curator, other = (rows.make_actor(project, role) for role in (Role.viewer, Role.curator, Role.reviewer))
    stranger = rows.make_actor(rows.make_project(), Role.admin)
    own = views.save(viewer, project.id, "Mine", ASKED)
    for who in (curator, other, stranger):
        for act in (lambda who: views.get(who, own.id), lambda who: views.change(who, own.id, name="x")):
            with pytest.raises(NotFound, match=f"no view {own.id}"):
                act(who)
        with pytest.raises(NotFound):
            views.delete(who, own.id)
    with pytest.raises(PermissionDenied):
        views.save(viewer, project.id, "For all", ASKED, is_shared=True)
    with pytest.raises(PermissionDenied):
        views.change(viewer, own.id, is_shared=True)
    shared = views.save(curator, project.id, "Mine", ASKED, is_shared=True)
    view_of_samples = views.get(other, shared.id)
    assert (view_of_samples.is_own, view_of_samples.asked, view_of_samples.created_by) == (False, ASKED, curator.name)
    with pytest.raises(NotFound):
        views.get(stranger, shared.id)
    for refused in (lambda: views.change(other, shared.id, name="x"), lambda: views.delete(other, shared.id)):
        with pytest.raises(PermissionDenied):
            refused()
    another = rows.make_actor(project, Role.curator)
    with pytest.raises(PermissionDenied, match="Only who made a view"):
        views.change(another, shared.id, is_shared=False)
    assert views.change(another, shared.id, name="Mine", is_shared=True).created_by == curator.name
    views.change(curator, shared.id, is_shared=False)
    assert [view.name for view in views.list_views(other, project.id)] == []
    with pytest.raises(NotFound):
        views.get(another, shared.id)
    assert views.change(curator, shared.id, is_shared=True).is_shared
    with session() as db:
        db.get_one(tables.Membership, (project.id, curator.user_id)).role = Role.viewer
    with pytest.raises(PermissionDenied):
        views.delete(curator, shared.id)
    views.delete(another, shared.id)
    with reading() as db:
        noted = db.query(tables.Event.verb).filter(tables.Event.verb.contains("view")).order_by(tables.Event.id)
        assert [verb for (verb,) in noted] == ["save view", "change view", "change view", "change view", "delete view"]


@pytest.mark.parametrize(("role", "shares"), [(Role.viewer, False), (Role.curator, True)])
def test_who_may_only_read_keeps_a_shared_view_as_their_own(role: Role, shares: bool) -> None:
    """The box that says of the view that it is shared is not on their page, and its value comes along."""
    project = rows.make_project()
    rows.make_round(project, status=RoundStatus.done)
    actor = rows.make_actor(project, role)
    with site.signed_in(actor) as client:
        page = Clicker(client, project.slug)
        page.do("samples", "draw")
        page.do("samples.saved_views", "save_view", **{"name of the view": "mine", "shared with the project": True})
    assert [(view.name, view.is_shared) for view in views.list_views(actor, project.id)] == [("mine", shares)]


def test_what_cannot_be_kept_is_refused() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    first = views.save(actor, project.id, "Straße", ASKED)
    with pytest.raises(Conflict, match="Choose another name"):
        views.save(actor, project.id, "STRASSE", ASKED)
    second = views.save(actor, project.id, "Other", ASKED)
    with pytest.raises(Conflict):
        views.change(actor, second.id, name="straße")
    assert views.change(actor, first.id, name="straße").name == "straße"
    for name, asked in (
        ("", ASKED),
        ("x" * 121, ASKED),
        ("x", ViewQuery(Filters(text="/(/"))),
        ("x", ViewQuery(Filters(min_score=5.0, max_score=1.0))),
        ("x", ViewQuery(Filters(min_tokens=2, max_tokens=1))),
        ("x", ViewQuery(sort=Sort(SortKey.prompt))),
        ("x", ViewQuery(columns=("a",) * 31)),
        ("x", ViewQuery(columns=("\0",))),
    ):
        with pytest.raises(InvalidInput):
            views.save(actor, project.id, name, asked)


def test_a_view_of_what_is_hidden_is_refused_to_who_decides_blind() -> None:
    project = rows.make_project()
    asked = rows.make_prompt_set(project)
    round_ = rows.make_round(project, sets=[asked], status=RoundStatus.review, is_reviewed=True, is_blind=True)
    rows.make_samples(round_, asked, scores=[5.0, 0.0])
    curator, reviewer = (rows.make_actor(project, role) for role in (Role.curator, Role.reviewer))
    shared = views.save(curator, project.id, "Accepted", ViewQuery(Filters(verdict=("accept",))), is_shared=True)
    with site.with_token(curator) as client:
        answer = client.get(f"/api/v1/rounds/{round_.id}/samples", params={"view": shared.id}).json()
        assert {row["verdict"] for row in answer["items"]} == {"accept"}
        both = client.get(f"/api/v1/rounds/{round_.id}/samples", params={"view": shared.id, "text": "x"})
        assert both.status_code == 422
    with pytest.raises(PermissionDenied, match="filter by verdict"):
        samples.page(reviewer, round_.id, views.get(reviewer, shared.id).asked.filters)
    with site.with_token(reviewer) as client:
        assert client.get(f"/api/v1/rounds/{round_.id}/samples", params={"view": shared.id}).status_code == 403


def test_a_refused_place_in_the_list_costs_no_filters() -> None:
    """Somebody else's second page, in the order of scores that are hidden from this person."""
    project = rows.make_project()
    asked = rows.make_prompt_set(project)
    round_ = rows.make_round(project, sets=[asked], status=RoundStatus.review, is_reviewed=True, is_blind=True)
    rows.make_samples(round_, asked, scores=[5.0, 0.0])
    curator, reviewer = (rows.make_actor(project, role) for role in (Role.curator, Role.reviewer))
    place = samples.page(curator, round_.id, Filters(), ASKED.sort, limit=1).next_cursor
    here, query = Context(reviewer, project.id, "", None), {"round": round_.id, "max_tokens": 500.0}
    for place_in in (
        {"sort": "-score", "at": place},
        {"sort": "-score"},
        {"at": place},
    ):  # the first is what Next writes
        shown, left, refusal = drawing.allowed_listing(here, CurrentChoice(), query | place_in)
        assert left == query
        assert "cannot sort by score" in refusal
        assert shown[1].endswith("samples")
    by_length = query | {"sort": "-length"}
    assert drawing.allowed_listing(here, CurrentChoice(), by_length | {"at": place})[1] == by_length
    _, left, refusal = drawing.allowed_listing(here, CurrentChoice(), query | {"verdict": ["accept"], "at": place})
    assert left == {"round": round_.id}
    assert "cannot filter by verdict" in refusal


def test_a_test_that_cannot_be_read_is_said_and_bulk_actions_refuse_it() -> None:
    project = rows.make_project()
    asked = rows.make_prompt_set(project)
    round_ = rows.make_round(project, sets=[asked])
    rows.make_samples(round_, asked)
    here, chosen = Context(rows.make_actor(project, Role.curator), project.id, "", None), CurrentChoice()
    for wrong, why in (("metadata", "'many' is neither a number"), ("answer", "'many' is no number")):
        query = from_address({wrong: "level>=many"}) | {"round": round_.id}
        shown, left, refusal = drawing.allowed_listing(here, chosen, query)
        assert (left, chosen.value, refusal) == (query, query, "")
        assert why in shown[1]["refused"]
        with pytest.raises(InvalidInput, match=why):
            read_filters(chosen.value)


def test_a_view_is_written_by_rest_as_it_is_read() -> None:
    project = rows.make_project()
    with site.with_token(rows.make_actor(project, Role.viewer)) as client:
        then = {"then": "score", "then_descending": False}
        body = {"name": "Long", "filters": {"min_tokens": 500}, "sort": "length", "descending": True, **then}
        response = client.post(f"/api/v1/projects/{project.id}/sample-views", json=body)
        assert response.status_code == 201, response.text
        path = f"/api/v1/sample-views/{response.json()['id']}"
        asked = client.get(path).json()["asked"]
        assert (asked["filters"]["min_tokens"], asked["sort"]) == (500, {"key": "length", "descending": True, **then})
        assert client.patch(path, json={"shows": {"filters": {"kind": ["edit"]}}}).status_code == 200
        (listed,) = client.get(f"/api/v1/projects/{project.id}/sample-views").json()["items"]
        assert (listed["name"], listed["asked"]["filters"]["kind"]) == ("Long", ["edit"])
        assert client.post(f"/api/v1/projects/{project.id}/sample-views", json=body).status_code == 409
        for wrong in ({"kind": ["none"]}, {"kinds": ["edit"]}, {"step": [0] * 21}):
            assert client.patch(path, json={"shows": {"filters": wrong}}).status_code == 422
        assert client.patch(path, json={"shows": {"filters": {"step": [1, 0, 1]}}}).status_code == 200
        assert client.get(path).json()["asked"]["filters"]["step"] == [1, 0]
        assert client.delete(path).status_code == 204
        assert client.get(path).status_code == 404


def test_a_view_that_this_version_cannot_read_is_listed_and_can_be_deleted() -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.done)
    actor = rows.make_actor(project, Role.viewer)
    kept = views.save(actor, project.id, "Newer", ASKED)
    with session() as db:
        db.get_one(tables.SampleView, kept.id).asked = {"filters": {"of_later": 1}, "sort": "id"}
    assert [(view.name, view.is_readable) for view in views.list_views(actor, project.id)] == [("Newer", False)]
    query, view, text = saved_views.resolved(
        Context(actor, project.id, "", None), {"round": round_.id, "view": kept.id}
    )
    assert view is not None
    assert (query["view"], view.id) == (kept.id, kept.id)
    assert "cannot read" in text
    with site.with_token(actor) as client:
        assert client.get(f"/api/v1/rounds/{round_.id}/samples", params={"view": kept.id}).status_code == 409
    views.delete(actor, kept.id)


def test_a_view_of_another_project_is_none_of_this_round() -> None:
    project, other = rows.make_project(), rows.make_project()
    round_, actor = rows.make_round(project, status=RoundStatus.done), rows.make_actor(project, Role.viewer)
    with session() as db:
        db.add(tables.Membership(project_id=other.id, user_id=actor.user_id, role=Role.viewer))
    kept = views.save(actor, other.id, "There", ASKED)
    with site.with_token(actor) as client:
        assert client.get(f"/api/v1/rounds/{round_.id}/samples", params={"view": kept.id}).status_code == 404


def test_a_view_without_its_step_is_shown_as_changed() -> None:
    """Rounds of other recipes have no such step: an address of the view alone would ask for it again."""
    query, text = without_missing_step([], {"round": 1, "view": 2, "view_name": "x", "as_saved": True, "step": "3"})
    assert text
    assert drawing.address_of(query | {"verdict": ["accept"]}) == {"round": 1, "view": 2, "verdict": ["accept"]}


def test_the_page_follows_a_view_until_its_filters_are_changed() -> None:
    project = rows.make_project()
    asked = rows.make_prompt_set(project)
    round_ = rows.make_round(project, sets=[asked], status=RoundStatus.done)
    rows.make_samples(round_, asked, scores=[5.0, 0.0])
    actor = rows.make_actor(project, Role.curator)
    view = views.save(actor, project.id, "Good <b>ones</b>", ViewQuery(Filters(verdict=("accept",)), ASKED.sort, ()))
    here, chosen = Context(actor, project.id, "", None), CurrentChoice()
    query, view_of_samples, text = saved_views.resolved(here, {"round": round_.id, "view": view.id})
    assert (view_of_samples, text, query["verdict"], query["sort"], query["then"]) == (
        view,
        "",
        ["accept"],
        "-score",
        "+length",
    )
    shown = drawing.listing(here, chosen, query)
    assert shown[1] == "3 samples · view Good <b>ones</b>"
    assert shown[-1]["address"] == f"round={round_.id}&view={view.id}"
    assert shown[-1]["asked"] == f"round={round_.id}&view={view.id}&verdict=accept&sort=-score&then=%2Blength&columns=-"
    assert saved_views.asked_of(query) == view.asked, "saving what is shown changes nothing"
    narrowed = drawing.only_round(chosen.value) | {"verdict": ["reject"]}
    shown = drawing.listing(here, chosen, narrowed)
    assert shown[1].endswith("view Good <b>ones</b>, changed")
    views.change(actor, view.id, name="Good <b>ones</b>", asked=view.asked)  # by somebody else, before the reload
    again, _, _ = saved_views.resolved(here, from_address(dict(parse_qsl(shown[-1]["address"]))))
    assert again["view_version"] == view.version, "so that saving is refused once"
    assert (again["verdict"], again["view"], again.get("as_saved")) == (["reject"], view.id, None)
    several = views.save(actor, project.id, "By REST", ViewQuery(Filters(step=(1, 2), is_flagged=False)))
    for number, words in ((several.id, "no fields"), (several.id + 1, f"no view {several.id + 1}")):
        left, missing, text = saved_views.resolved(here, {"round": round_.id, "view": number})
        assert (left, missing) == ({"round": round_.id}, None)
        assert words in text
    assert query_of_every_field(actor, project.id)


def query_of_every_field(actor: Actor, project_id: int) -> bool:
    """Whether what the bar can hold comes back from a view as it was."""
    query = {"text": "/a+/", "prompt": "b", "verdict": ["accept"], "source": ["judge"], "kind": ["edit"]}
    query |= {
        "only": ["is_flagged"],
        "min_score": 1.0,
        "max_tokens": 9,
        "sort": "+spread",
        "then": "-score",
        "step": "2",
        "metadata": "a=1; b~c",
    }
    view = views.save(actor, project_id, "every field", saved_views.asked_of(query))
    return saved_views.query_of(view) == query
