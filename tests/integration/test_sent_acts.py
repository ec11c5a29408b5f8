"""Acts sent in one call: whom an undo means when some were refused, and what speaks of them all."""

import uuid
from pathlib import Path

import pytest

from app.api import errors as answers
from backend.config import settings
from backend.db import dispose
from backend.errors import (
    Conflict,
    DatabaseLost,
    InvalidInput,
    MissingPrerequisite,
    NotFound,
    PermissionDenied,
    RondoError,
)
from backend.services import reviews
from backend.services.decisions.acts import Act, Unread
from backend.services.reviews import decide_each
from backend.services.team import adjudication
from backend.values import Role
from tests import rows
from tests.integration.reviewing import ACCEPT, RETRACT, Team


def act(kind: str, team: Team, number: int = 0) -> Act | Unread:
    """g: an act that is written, b: one that is not, x: one that could not be read, u: a bare undo, v: x of an undo."""
    if kind in "xv":
        sent_as = RETRACT if kind == "v" else ACCEPT
        return Unread(InvalidInput("This is no decision."), uuid.uuid4().hex, sent_as)
    if kind == "u":
        return Act(uuid.uuid4().hex, RETRACT)
    return Act(uuid.uuid4().hex, ACCEPT, team.ids[number] if kind == "g" else 10**9)


@pytest.mark.parametrize(
    ("sent", "written", "left"),
    [
        ("gbuu", "g..u", ()),
        ("gbu", "g..", (0,)),
        ("ggbbuuu", "gg....u", (0,)),
        ("gxuu", "g..u", ()),
        ("gbugu", "g..gu", (0,)),
        ("bugu", "..gu", ()),
        ("gubu", "gu..", ()),
        ("gvu", "g.u", ()),
        ("gxvu", "g..u", ()),
    ],
)
def test_an_undo_is_for_the_last_act_that_none_took_back(
    database: str, sent: str, written: str, left: tuple[int]
) -> None:
    team = Team(prompts=4)
    ann = team.who("ann")
    act_results = decide_each(ann, team.round.id, [act(kind, team, number) for number, kind in enumerate(sent)])
    text = "".join(
        "." if isinstance(act_result, RondoError) else kind for act_result, kind in zip(act_results, sent, strict=True)
    )
    assert text == written
    assert all(
        isinstance(act_result, Conflict | NotFound | InvalidInput)
        for act_result in act_results
        if isinstance(act_result, RondoError)
    )
    decided = [n for n, sample_id in enumerate(team.ids) if team.label(sample_id)[2] == "person"]
    assert decided == list(left)


@pytest.mark.parametrize("refused", ["b", "x"])
def test_an_undo_that_names_its_act_leaves_the_others_their_own(database: str, refused: str) -> None:
    team = Team(prompts=4)
    good, bad = act("g", team), act(refused, team)
    named = Act(uuid.uuid4().hex, RETRACT, retracts=bad.client_id)
    act_results = decide_each(team.who("ann"), team.round.id, [good, bad, named, act("u", team)])
    assert [isinstance(act_result, RondoError) for act_result in act_results] == [False, True, True, False]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_role_is_asked_before_an_act_is_found_wrong(database: str) -> None:
    team = Team(prompts=4)
    viewer, stranger = rows.make_actor(team.project, Role.viewer), rows.make_actor(rows.make_project())
    with pytest.raises(PermissionDenied):
        decide_each(viewer, team.round.id, [act("x", team), act("g", team)])
    assert [type(act_result) for act_result in decide_each(stranger, team.round.id, [act("x", team)])] == [NotFound]
    for decide in (reviews.decide, adjudication.decide):
        with pytest.raises(NotFound):
            decide(actor=stranger, round_id=team.round.id, client_id="short", sample_id=team.ids[0], kind=ACCEPT)
    with pytest.raises(PermissionDenied):
        reviews.undo(viewer, team.round.id, "short")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kinds", ["g", "gg", "gb", "xg"])
@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_database_that_is_gone_speaks_of_all_acts(database: str, kinds: str, how: str) -> None:
    team = Team(prompts=4)
    ann = team.who("ann")
    path: Path = settings().folder / "rondo.db"
    if how == "deleted":
        path.unlink()
    else:
        other = path.with_name("other.db")
        other.write_bytes(b"another")
        other.replace(path)
    with pytest.raises(DatabaseLost, match="put the file back") as raised:
        decide_each(ann, team.round.id, [act(kind, team, number) for number, kind in enumerate(kinds)])
    dispose()
    path.unlink(missing_ok=True)
    answer = answers._ours(None, raised.value)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answers.kind_of(raised.value) == "DatabaseLost"
    assert answers.status_of(MissingPrerequisite("no torch")) == 400
