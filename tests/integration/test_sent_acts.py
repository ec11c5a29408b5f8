"""Acts sent in one call: whom an undo means when some were refused, and what speaks of them all."""

import uuid
from pathlib import Path

import pytest

from app.api import errors as answers
from backend.config import settings
from backend.db import dispose
from backend.errors import Conflict, DatabaseLost, InvalidInput, MissingPrerequisite, NotFound, RondoError
from backend.services.decisions.acts import Act
from backend.services.reviews import decide_each
from tests.integration.reviewing import ACCEPT, RETRACT, Team


def act(kind: str, team: Team, number: int = 0) -> Act | RondoError:
    """g: an act that is written, b: one that is not, x: one that could not be read, u: a bare undo."""
    if kind == "x":
        return InvalidInput("This is no decision.")
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
    ],
)
def test_an_undo_is_for_the_last_act_that_none_took_back(
    database: str, sent: str, written: str, left: tuple[int]
) -> None:
    team = Team(prompts=4)
    ann = team.who("ann")
    found = decide_each(ann, team.round.id, [act(kind, team, number) for number, kind in enumerate(sent)])
    said = "".join("." if isinstance(one, RondoError) else kind for one, kind in zip(found, sent, strict=True))
    assert said == written
    assert all(isinstance(one, Conflict | NotFound | InvalidInput) for one in found if isinstance(one, RondoError))
    decided = [n for n, sample_id in enumerate(team.ids) if team.label(sample_id)[2] == "person"]
    assert decided == list(left)


def test_an_undo_that_names_its_act_leaves_the_others_their_own(database: str) -> None:
    team = Team(prompts=4)
    good, bad = act("g", team), act("b", team)
    assert isinstance(bad, Act)
    named = Act(uuid.uuid4().hex, RETRACT, retracts=bad.client_id)
    found = decide_each(team.who("ann"), team.round.id, [good, bad, named, act("u", team)])
    assert [isinstance(one, RondoError) for one in found] == [False, True, True, False]


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
