"""What the lists of samples tell of a round in review, and to whom."""

import uuid
from typing import Any

import pytest

from app.widgets import sample_card
from backend.db import session, tables
from backend.db.filters import Filters, Sort, SortKey
from backend.errors import PermissionDenied
from backend.services import reviews, samples
from backend.services.access import Actor
from backend.services.queue import gold
from backend.services.samples import detail, prompts_seen
from backend.services.samples.rows import SampleRow
from backend.values import JSON, DecisionKind, LabelSource, Role, RoundStatus, SetUse, Stage, Verdict
from tests import rows
from tests.integration import site
from tests.integration.reviewing import ACCEPT, REJECT, SCORE, Team
from tests.integration.test_deep_links import Opened as Page

UNTOLD = (None, None, LabelSource.none, False)


def listed(team: Team, actor: Actor) -> list[SampleRow]:
    return list(samples.page(actor, team.round.id).rows)


def words(row: SampleRow) -> tuple[float | None, Verdict | None, LabelSource, bool]:
    return row.score, row.verdict, row.source, row.is_overridden


def viewer(team: Team) -> Actor:
    return rows.make_actor(team.project, Role.viewer)


def test_who_has_not_decided_sees_nothing_of_the_judge_nor_of_colleagues(database: str) -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], REJECT, note="dull")
    team.act("ann", team.ids[1], DecisionKind.flag)
    for actor in (viewer(team), team.who("bob")):
        assert [(words(row), row.is_hidden, row.is_flagged) for row in listed(team, actor)] == [
            (UNTOLD, True, False)
        ] * 2
        sample_detail = detail.detail(actor, team.ids[0])
        assert (
            sample_detail.judgments,
            sample_detail.history,
            sample_detail.machine_score,
            sample_detail.machine_verdict,
        ) == ((), (), None, None)
        assert [words(row) for row in sample_detail.group] == [UNTOLD]
        assert sample_card.card(sample_detail, {})["unjudged"] == "The judge's view is hidden until you decide."
        assert "judge" not in sample_card.facts(sample_detail)
        assert samples.histogram(actor, team.round.id) == []
    first, second = listed(team, team.who("ann"))
    assert (words(first), first.is_hidden) == ((5.0, Verdict.reject, LabelSource.person, True), False)
    assert (words(second), second.is_hidden) == (UNTOLD, True)


def test_whether_a_sample_is_right_is_told_after_ones_own_word(database: str) -> None:
    team = Team(prompts=1)
    with session() as db:
        db.query(tables.Prompt).update({"answer": "7", "extra": {"score": 5}})

    def judge_facts(actor: Actor) -> list[tuple[bool | None, JSON]]:
        sample_detail = detail.detail(actor, team.ids[0])
        assert [sample_detail.label, *sample_detail.group] == listed(team, actor)
        return [(row.is_correct, row.metadata) for row in (sample_detail.label, *sample_detail.group)]

    known, unknown = (False, {"score": 5}), (None, {})
    assert judge_facts(team.curator) == [known, known]
    assert judge_facts(team.who("ann")) == [unknown, unknown], "a file may name what the judge says"
    assert sample_card.card(detail.detail(team.who("ann"), team.ids[0]), {})["notes"] == ""
    team.act("ann", team.ids[0], REJECT)
    assert judge_facts(team.who("ann")) == [known, unknown]
    assert "wrong by the known answer" in sample_card.facts(detail.detail(team.who("ann"), team.ids[0]))


def test_after_ones_own_word_everything_is_told(database: str) -> None:
    team = Team(prompts=1, num_reviewers_per_item=2)
    team.act("ann", team.ids[0], REJECT, note="dull")
    team.act("bob", team.ids[0], ACCEPT)
    sample_detail = detail.detail(team.who("bob"), team.ids[0])
    assert (
        len(sample_detail.judgments),
        sample_detail.machine_score,
        [entry.note for entry in sample_detail.history],
    ) == (1, 5.0, ["dull", ""])


def test_curators_see_everything_and_everybody_does_when_the_review_is_over(database: str) -> None:
    team = Team(prompts=1)
    team.act("ann", team.ids[0], REJECT)
    reader = viewer(team)
    assert words(listed(team, team.curator)[0]) == (5.0, Verdict.reject, LabelSource.person, True)
    assert samples.page(team.curator, team.round.id, Filters(is_overridden=True), Sort(SortKey.score)).count.number == 1
    with session() as db:
        db.get_one(tables.Round, team.round.id).status = RoundStatus.done
    assert words(listed(team, reader)[0]) == (5.0, Verdict.reject, LabelSource.person, True)
    assert len(detail.detail(reader, team.ids[0]).history) == 1
    assert samples.histogram(reader, team.round.id)


@pytest.mark.parametrize("stage", [Stage.generate, Stage.judge])
def test_nothing_is_told_either_while_the_judge_is_at_work(database: str, stage: Stage) -> None:
    team = Team(prompts=1)
    with session() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        round_.status, round_.stage = RoundStatus.running, stage
    assert [words(row) for row in listed(team, team.who("ann"))] == [UNTOLD] * 2
    assert detail.detail(team.who("ann"), team.ids[0]).judgments == ()
    assert words(listed(team, team.curator)[0]) == (5.0, Verdict.accept, LabelSource.judge, False)
    with session() as db:
        db.get_one(tables.Round, team.round.id).is_reviewed = False
    assert words(listed(team, team.who("ann"))[0]) == (5.0, Verdict.accept, LabelSource.judge, False)


@pytest.mark.parametrize(
    "filters",
    [
        {"min_score": 1.0},
        {"verdict": ("accept",)},
        {"source": ("person",)},
        {"is_overridden": True},
        {"is_unparsed": False},
        {"is_flagged": True},
    ],
)
def test_what_is_hidden_cannot_be_filtered_by(database: str, filters: dict) -> None:
    team = Team(prompts=1)
    with pytest.raises(PermissionDenied, match="filter by"):
        samples.page(viewer(team), team.round.id, Filters(**filters))


def test_what_is_hidden_cannot_be_sorted_by(database: str) -> None:
    team = Team(prompts=2)
    place = samples.page(team.curator, team.round.id, sort=Sort(SortKey.score), limit=1).next_cursor
    for key in (SortKey.score, SortKey.spread):
        with pytest.raises(PermissionDenied, match=f"sort by {key}"):
            samples.page(viewer(team), team.round.id, sort=Sort(key))
        with pytest.raises(PermissionDenied, match=f"sort by {key}"):
            samples.page(viewer(team), team.round.id, sort=Sort(SortKey.length, then=key))
    with pytest.raises(PermissionDenied, match="sort by score"):
        samples.page(viewer(team), team.round.id, cursor=place)
    sample_page = samples.page(
        viewer(team), team.round.id, Filters(min_tokens=1, kind=("completion",)), Sort(SortKey.length)
    )
    assert sample_page.count.number == 4


def test_where_the_judge_is_shown_its_word_stands_instead_of_colleagues(database: str) -> None:
    team = Team(prompts=1, is_blind=False)
    team.act("ann", team.ids[0], REJECT)
    reader = viewer(team)
    assert words(listed(team, reader)[0]) == (5.0, Verdict.accept, LabelSource.judge, False)
    sample_detail = detail.detail(reader, team.ids[0])
    assert (len(sample_detail.judgments), sample_detail.history, sample_detail.machine_score) == (1, (), 5.0)
    with pytest.raises(PermissionDenied):
        samples.page(reader, team.round.id, Filters(source=("person",)))


def test_a_score_that_a_colleague_gave_is_told_by_no_order_filter_or_histogram(database: str) -> None:
    team = Team(prompts=2, is_blind=False)
    team.act("ann", team.ids[1], SCORE, score=4.5)
    reader = viewer(team)
    assert [row.score for row in listed(team, reader)] == [5.0, 2.0, 5.0, 2.0]
    for place in (None, samples.page(team.curator, team.round.id, sort=Sort(SortKey.score), limit=1).next_cursor):
        with pytest.raises(PermissionDenied, match="sort by score"):
            samples.page(reader, team.round.id, sort=Sort(SortKey.score), cursor=place)
    for filters in (Filters(min_score=4.0), Filters(max_score=3.0)):
        with pytest.raises(PermissionDenied, match="filter by score"):
            samples.page(reader, team.round.id, filters)
    assert samples.histogram(reader, team.round.id) == []
    assert samples.page(reader, team.round.id, sort=Sort(SortKey.spread)).count.number == 4, "of the judge's votes"
    shown = Team(prompts=1, is_blind=False, others_visible=True)
    assert samples.page(viewer(shown), shown.round.id, Filters(min_score=4.0), Sort(SortKey.score)).count.number == 1


def test_what_a_file_says_of_prompts_is_hidden_while_people_decide_blind_on_their_answers(database: str) -> None:
    team = Team(prompts=1)
    with session() as db:
        (prompt,) = db.query(tables.Prompt).all()
        prompt.extra, prompt.answer, prompt.external_id = {"gold_score": 5}, "7", "wrong-17"
        # By the hash of their texts the second comes first.
        for place, (words_, is_chosen) in enumerate((("brought", True), ("less", False))):
            extra = {"chosen": is_chosen}
            db.add(tables.ImportedCompletion(prompt_id=prompt.id, position=place, text=words_, extra=extra))
        set_id = prompt.prompt_set_id

    def judge_facts(actor: Actor) -> list[Any]:
        (row,) = prompts_seen.browse(actor, set_id).rows
        first = row.completions[0]
        return [row.extra, row.external_id, first.text, first.extra, row.is_masked]

    whole = [{"gold_score": 5}, "wrong-17", "brought", {"chosen": True}, False]
    hidden = [{}, None, "less", {}, True]
    assert judge_facts(team.who("ann")) == whole, "no round asks it"
    with session() as db:
        db.add(tables.RoundPromptSet(round_id=team.round.id, prompt_set_id=set_id, use=SetUse.sample))
    assert [judge_facts(actor) for actor in (team.who("ann"), viewer(team), team.curator)] == [hidden, hidden, whole]
    with site.signed_in(team.who("ann")) as client:
        (row,) = client.get(f"/api/v1/prompt-sets/{set_id}/prompts").json()["items"]
        assert (row["extra"], row["external_id"], row["completions"][0]["extra"], row["answer"]) == ({}, None, {}, "7")
        assert client.get(f"/api/v1/prompt-sets/{set_id}/prompts?external_id=wrong-17").status_code == 409
        page = Page(client, team.project.slug).ask("prompts", "draw", set=str(set_id))
        assert "brought" in page
        assert "metadata is hidden while people decide blind" in page
        assert not any(word in page for word in ("gold_score", "wrong-17", "chosen: brought"))
    with session() as db:
        db.get_one(tables.Round, team.round.id).status = RoundStatus.done
    assert judge_facts(team.who("ann")) == whole


def test_where_others_may_be_seen_they_are(database: str) -> None:
    team = Team(prompts=1, is_blind=False, others_visible=True)
    team.act("ann", team.ids[0], REJECT)
    assert words(listed(team, viewer(team))[0]) == (5.0, Verdict.reject, LabelSource.person, True)
    assert len(detail.detail(viewer(team), team.ids[0]).history) == 1
    blind = Team(prompts=1, others_visible=True)
    blind.act("ann", blind.ids[0], REJECT)
    sample_detail = detail.detail(viewer(blind), blind.ids[0])
    assert (words(sample_detail.label), len(sample_detail.history), sample_detail.judgments) == (UNTOLD, 1, ())
    assert not sample_detail.history[0].is_override


def test_a_word_on_a_group_is_a_word_on_its_samples(database: str) -> None:
    team = Team(prompts=2, mode="group")
    team.act("ann", team.ids[0], DecisionKind.prefer, value={"best": team.ids[0], "worst": team.ids[1]})
    assert [row.is_hidden for row in listed(team, team.who("ann"))] == [False, False, True, True]
    assert [row.is_hidden for row in listed(team, team.who("bob"))] == [True] * 4


def test_ones_own_rewriting_is_seen_and_a_gold_item_looks_like_any_other(database: str) -> None:
    team = Team(prompts=1)
    act = reviews.Act(uuid.uuid4().hex, DecisionKind.edit, team.ids[0], text="Better.")
    edit = reviews.decide_many(team.who("ann"), team.round.id, [act])[0].decision.edit_id
    assert not detail.detail(team.who("ann"), edit or 0).label.is_hidden
    faces = []
    for is_gold in (True, False):
        team = Team(prompts=1, num_reviewers_per_item=2)
        if is_gold:
            gold.mark(team.curator, team.round.id, team.ids[1:], Verdict.reject)
        team.act("bob", team.ids[1], ACCEPT)
        replies = []
        for _ in range(2):
            sample_detail = detail.detail(team.who("ann"), team.ids[1])
            replies.append(
                (
                    sample_detail.label.is_hidden,
                    sample_detail.label.verdict,
                    sample_detail.label.source,
                    len(sample_detail.history),
                )
            )
            team.act("ann", team.ids[1], ACCEPT)
        faces.append(replies)
    assert faces[0] == faces[1] == [(True, None, LabelSource.none, 0), (False, Verdict.accept, LabelSource.person, 2)]


@pytest.mark.on_sqlite
@pytest.mark.parametrize(
    ("columns", "who", "is_told"),
    [
        ({}, "curator", True),
        ({}, "bob", False),
        ({"is_blind": False}, "curator", False),
        ({"status": RoundStatus.done}, "curator", False),
        ({"reopened": {"reason": "again"}}, "curator", False),
    ],
)
def test_lists_tell_a_curator_that_they_see_what_is_to_be_decided_blind(
    database: str, columns: dict[str, Any], who: str, is_told: bool
) -> None:
    team = Team(prompts=1)
    with session() as db:
        for name, value in columns.items():
            setattr(db.get_one(tables.Round, team.round.id), name, value)
    with site.signed_in(team.curator if who == "curator" else team.who(who)) as client:
        for page in ("samples", "groups"):
            reply = Page(client, team.project.slug).ask(page, "draw", round=str(team.round.id))
            assert ("curators see the judge's view here" in reply) is is_told
