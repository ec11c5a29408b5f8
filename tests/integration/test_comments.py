"""Comments at a sample: who reads them when, who is told of a mention, and that nothing else is told."""

from datetime import timedelta

import pytest

from backend.db import session, tables
from backend.errors import InvalidInput, NotFound, PermissionDenied
from backend.services import notices, reviews
from backend.services.access import Actor
from backend.services.notices import hooks
from backend.services.reviews import item_history
from backend.services.samples import comments
from backend.services.samples.comments import mentioned
from backend.values import NoticeKind, Role, RoundStatus
from tests import rows
from tests.integration import site
from tests.integration.posting import URL, owner, waiting
from tests.integration.reviewing import ACCEPT, REJECT, Team


def texts(actor: Actor, sample_id: int) -> list[str]:
    return [entry.text for entry in comments.read(actor, sample_id).entries]


def mentions_of(actor: Actor) -> list[str]:
    return [entry.text for entry in notices.listing(actor).entries if entry.kind is NoticeKind.mention]


def test_names_after_an_at_sign_are_mentions_and_the_longer_one_wins() -> None:
    names = ["ann", "ann lee", "Bob", "süß", "a.b"]
    assert mentioned("@ANN what, @bob?", names) == ["ann", "Bob"]
    assert mentioned("so @ann lee, and again @ann lee.", names) == ["ann lee"]
    assert mentioned("@anna and @süß and mail@a.b", names) == ["süß", "a.b"]
    assert mentioned("@ ann @@bob @", names) == ["Bob"]
    assert mentioned("ann", names) == []


def test_colleagues_comments_are_hidden_until_ones_own_word(database: str) -> None:
    team = Team(prompts=1)
    first, second = team.ids[:2]
    ann, bob = team.who("ann"), team.who("bob")
    viewer = rows.make_actor(team.project, Role.viewer)
    comments.write(ann, first, "the judge says 5, I say no")
    comments.write(bob, second, "mine")
    assert texts(ann, first) == texts(team.curator, first) == ["the judge says 5, I say no"]
    for actor in (bob, viewer):
        thread = comments.read(actor, first)
        assert (thread.entries, thread.is_hidden) == ((), True)
    assert texts(bob, second) == ["mine"]
    team.act("bob", first, REJECT)
    assert texts(bob, first) == ["the judge says 5, I say no"]
    assert not comments.read(bob, first).is_hidden
    assert comments.read(viewer, first).is_hidden
    for name, sample_id in (("ann", first), ("ann", second), ("bob", second)):
        team.act(name, sample_id, ACCEPT)
    reviews.close(team.curator, team.round.id)
    assert texts(viewer, first) == ["the judge says 5, I say no"]


@pytest.mark.on_sqlite
@pytest.mark.parametrize("status", [RoundStatus.failed, RoundStatus.cancelled, RoundStatus.done])
def test_colleagues_comments_stay_hidden_as_their_decisions_do_whatever_the_round_has_come_to(
    database: str, status: RoundStatus
) -> None:
    team = Team(prompts=1)
    comments.write(team.curator, team.ids[0], "the judge says 5")
    with session() as db:
        db.get_one(tables.Round, team.round.id).status = status
    assert comments.read(team.who("ann"), team.ids[0]).is_hidden
    assert item_history.read(team.who("ann"), team.ids[0]).is_hidden
    for actor in (team.curator, rows.make_actor(team.project, Role.viewer)):
        assert texts(actor, team.ids[0]) == ["the judge says 5"]


@pytest.mark.on_sqlite
def test_the_same_words_sent_again_are_the_same_comment(database: str) -> None:
    team = Team(prompts=1)
    ann, bob = team.who("ann"), team.who("bob")
    words = f"@{bob.name} look"
    comment_view = comments.write(ann, team.ids[0], words)
    assert comments.write(ann, team.ids[0], words) == comment_view
    assert len(mentions_of(bob)) == 1
    assert comments.write(bob, team.ids[0], words).id != comment_view.id
    with session() as db:
        db.get_one(tables.Comment, comment_view.id).created_at -= timedelta(minutes=6)
    assert comments.write(ann, team.ids[0], words).id != comment_view.id


@pytest.mark.on_sqlite
def test_where_the_judge_is_hidden_and_colleagues_are_not_free_words_are_hidden(database: str) -> None:
    """A colleague who has decided has seen the judge's view, and may tell it."""
    team = Team(prompts=1, others_visible=True)
    comments.write(team.who("ann"), team.ids[0], "the judge says 5")
    assert comments.read(team.who("bob"), team.ids[0]).is_hidden
    view = Team(prompts=1, others_visible=True, is_blind=False)
    comments.write(view.who("ann"), view.ids[0], "the judge says 5")
    assert texts(view.who("bob"), view.ids[0]) == ["the judge says 5"]


def test_a_mention_tells_the_person_where_and_no_word_of_the_comment(database: str) -> None:
    team = Team(prompts=1)
    sample_id = team.ids[0]
    ann, bob = team.who("ann"), team.who("bob")
    stranger = rows.make_actor(name="stranger")
    comment_view = comments.write(ann, sample_id, f"@{bob.name} @{ann.name} @stranger secret reason")
    place = f"at sample {sample_id} of round {team.round.number}."
    assert mentions_of(bob) == [f"{ann.name} mentions {bob.name} {place}"]
    assert mentions_of(ann) == mentions_of(stranger) == []
    (notice,) = notices.listing(bob).entries
    assert notice.path == f"samples?round={team.round.id}&sample={sample_id}"
    comments.edit(ann, comment_view.id, f"@{bob.name} and @{team.curator.name}")
    assert len(mentions_of(bob)) == 1
    assert len(mentions_of(team.curator)) == 1
    comments.delete(ann, comment_view.id)
    comments.write(ann, sample_id, f"@{bob.name} once more")
    assert len(mentions_of(bob)) == 2
    assert "stranger" not in comments.read(ann, sample_id).people


def test_a_webhook_is_told_of_whom_an_edit_mentions_and_of_nobody_twice(database: str) -> None:
    team = Team(prompts=1)
    ann, bob, curator = team.who("ann"), team.who("bob"), team.curator
    hooks.add(owner(), team.project.id, URL, [NoticeKind.mention])
    written = comments.write(ann, team.ids[0], f"@{bob.name}")
    comments.edit(ann, written.id, f"@{bob.name} look")
    assert len(waiting()) == 1
    comments.edit(ann, written.id, f"@{bob.name} and @{curator.name}")
    place = f"at sample {team.ids[0]} of round {team.round.number}."
    words = [f"{ann.name} mentions {name} {place}" for name in (bob.name, curator.name)]
    assert [row.body["text"] for row in waiting()] == words
    assert (mentions_of(bob), mentions_of(curator)) == (words[:1], words[1:])


@pytest.mark.on_sqlite
def test_only_who_wrote_a_comment_changes_or_deletes_it(database: str) -> None:
    team = Team(prompts=1)
    ann, stranger = team.who("ann"), rows.make_actor()
    comment_view = comments.write(ann, team.ids[0], "  typo  ")
    assert (comment_view.text, comment_view.edited_at, comment_view.is_mine) == ("typo", None, True)
    for actor in (team.who("bob"), team.curator, stranger):
        with pytest.raises(NotFound):
            comments.edit(actor, comment_view.id, "x")
        with pytest.raises(NotFound):
            comments.delete(actor, comment_view.id)
    for act in (lambda: comments.read(stranger, team.ids[0]), lambda: comments.write(stranger, team.ids[0], "x")):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(InvalidInput, match="empty"):
        comments.write(ann, team.ids[0], " \n")
    assert comments.edit(ann, comment_view.id, "right").edited_at is not None
    with session() as db:
        db.query(tables.Membership).filter_by(user_id=ann.user_id).delete()
    with pytest.raises(NotFound):
        comments.edit(ann, comment_view.id, "from outside")
    assert texts(team.curator, team.ids[0]) == ["right"]


@pytest.mark.on_sqlite
def test_rest_writes_changes_and_deletes(database: str) -> None:
    team = Team(prompts=1)
    path = f"/api/v1/samples/{team.ids[0]}/comments"
    with site.with_token(team.who("ann")) as client:
        response = client.post(path, json={"text": "<script>1</script>"})
        assert response.status_code == 201
        assert client.get(path).json()["entries"][0]["text"] == "<script>1</script>"
        mine = f"/api/v1/comments/{response.json()['id']}"
        assert client.patch(mine, json={"text": "b"}).json()["text"] == "b"
        assert client.patch(mine, json={"text": "b" * 4001}).status_code == 422
        assert client.delete(mine).status_code == 204
        assert client.get(path).json()["entries"] == []


@pytest.mark.on_sqlite
def test_a_sample_that_is_hidden_has_no_thread(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.services.samples import visibility

    team = Team(prompts=1)
    monkeypatch.setattr(visibility.review_scope, "steps_shown", lambda round_: (7,))
    for act in (lambda: comments.read(team.who("ann"), team.ids[0]), lambda: comments.write(team.who("ann"), 1, "x")):
        with pytest.raises(PermissionDenied):
            act()
