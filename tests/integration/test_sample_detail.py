"""One sample in full, and who may see it."""

import re
import uuid

import pytest

from app.widgets import sample_card
from backend.db import session, tables
from backend.errors import NotFound
from backend.services import reviews
from backend.services.samples import detail
from backend.values import DatasetType, DecisionKind, Role, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration.reviewing import Team

PREFER, RANK = DecisionKind.prefer, DecisionKind.rank


def test_detail_has_the_whole_story(database: str) -> None:
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=["Why?"], answers=["Because."])
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_blind=True)
    samples = rows.make_samples(round_, prompts, n=3, scores=[1.0, 0.0, None])
    rows.make_judgments(samples, votes=2)
    reviewer = rows.make_actor(project, Role.reviewer)
    reviews.decide(
        reviewer, uuid.uuid4().hex, samples[0].id, DecisionKind.reject, round_id=round_.id, note="dull", seconds=2.5
    )
    edit = reviews.decide(
        reviewer, uuid.uuid4().hex, samples[0].id, DecisionKind.edit, round_id=round_.id, text="Hm."
    ).decision.edit_id
    of_prompt = {"prompt_id": samples[0].prompt_id}
    taught = of_prompt | {"sample_id": samples[1].id, "origin": "decision", "completion": ";N", "rejected": ";Y"}
    pair = of_prompt | {"sample_id": edit, "rejected_id": samples[0].id}
    rows.make_dataset(round_, DatasetType.preference, [pair, taught])
    trained = rows.make_checkpoint(project, "better")
    with session() as db:
        row = db.get_one(tables.Round, round_.id)
        row.checkpoint_id, row.status = trained.id, RoundStatus.done
    viewer = rows.make_actor(project, Role.viewer)
    sample_detail = detail.detail(viewer, samples[0].id)
    assert (sample_detail.text, sample_detail.answer, sample_detail.messages[0]["content"]) == (
        samples[0].text,
        "Because.",
        "Why?",
    )
    assert [(j.position, j.score, j.rationale, j.template_hash[:1]) for j in sample_detail.judgments] == [
        (0, 1.0, "because", "t"),
        (1, 1.0, "because", "t"),
    ]
    assert [row.id for row in sample_detail.group] == [samples[1].id, samples[2].id, edit]
    assert (sample_detail.label.verdict, sample_detail.machine_verdict, sample_detail.label.is_overridden) == (
        Verdict.reject,
        Verdict.accept,
        True,
    )
    first = sample_detail.history[0]
    assert (first.who, first.kind, first.note, first.seconds, first.is_blind, first.is_override) == (
        reviewer.name,
        DecisionKind.reject,
        "dull",
        2.5,
        True,
        True,
    )
    assert [(t.round_number, t.use, t.checkpoint) for t in sample_detail.trained] == [
        (round_.number, "rejected", "better")
    ]
    mine = detail.detail(viewer, edit or 0)
    assert (mine.author, mine.edited_from_id, mine.trained[0].use) == (reviewer.name, samples[0].id, "chosen")
    assert [entry.use for entry in detail.detail(viewer, samples[1].id).trained] == ["taught the judge"]
    with pytest.raises(NotFound):
        detail.detail(rows.make_actor(rows.make_project()), samples[0].id)
    with pytest.raises(NotFound):
        detail.detail(viewer, 10**9)


def history_of(team: Team, who: str, sample_id: int) -> list[tuple[str, str]]:
    """What the page says was done to the sample: the act, and the first of its facts."""
    history = sample_card.card(detail.detail(team.who(who), sample_id), {})["history"]
    return [(entry["what"], re.split(r", \d{1,2} [A-Z][a-z]{2} \d{4}", entry["facts"])[0]) for entry in history]


def test_every_sample_a_group_decision_speaks_of_has_it_in_its_history(database: str) -> None:
    team = Team(prompts=2, n=4, scores=(5.0, 2.0, 3.0, 4.0), mode="group", num_reviewers_per_item=2)
    a, b, c, d = team.ids[:4]
    done = team.act("ann", a, PREFER, value={"best": b, "worst": c})
    cases = [("Compared with its group by", f"best: sample {b}, worst: sample {c}")]
    assert [history_of(team, "ann", n) for n in (a, b, c, d)] == [cases, cases, cases, []]
    team.act("bob", a, RANK, value={"order": [d, c, b, a]})
    ranked = ("Ranked with its group by", f"best first: sample {d}, sample {c}, sample {b}, sample {a}")
    assert [history_of(team, "ann", n) for n in (c, d)] == [[*cases, ranked], [ranked]]
    team.take_back("ann", done)
    shown = detail.detail(team.who("ann"), c).history
    assert [(decision.kind, decision.is_retracted) for decision in shown] == [
        (PREFER, True),
        (RANK, False),
        (DecisionKind.retract, False),
    ]
    assert [entry.kind for entry in detail.detail(team.who("ann"), team.ids[4]).history] == []


def test_a_group_decision_of_others_is_told_after_ones_own(database: str) -> None:
    team = Team(prompts=1, n=3, scores=(5.0, 2.0, 3.0), mode="group", num_reviewers_per_item=2)
    a, b, c = team.ids
    team.act("ann", a, PREFER, value={"best": b, "worst": c})
    hidden = detail.detail(team.who("bob"), b)
    assert (hidden.history, hidden.hides_others) == ((), True)
    assert sample_card.card(hidden, {})["undecided"] == "What colleagues decide is shown after your own decision."
    team.act("bob", a, PREFER, value={"best": c, "worst": None})
    assert len(detail.detail(team.who("bob"), c).history) == 2
    assert len(detail.detail(team.who("bob"), b).history) == 1


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        ("The cat sat.", "The dog sat down.", "The [-cat sat][+dog sat down]."),
        ("same", "same", "same"),
        ("", "new", "[+new]"),
        ("a  b\n c", "a  b\n", "a  [-b\n c][+b\n]"),
    ],
)
def test_what_was_changed_is_shown_word_by_word(before: str, after: str, marked: str) -> None:
    changes = sample_card.changes(before, after)
    signs = {"deletion": "[-{}]", "insertion": "[+{}]", "none": "{}"}
    assert "".join(signs[change["role"]].format(change["text"]) for change in changes) == marked
    assert "".join(change["text"] for change in changes if change["role"] != "insertion") == before
    assert "".join(change["text"] for change in changes if change["role"] != "deletion") == after


def test_an_edit_and_its_original_both_tell_of_it(database: str) -> None:
    team = Team(prompts=1)
    edit = team.act("ann", team.ids[0], DecisionKind.edit, text="better").decision.edit_id
    assert edit is not None
    cases = [("Edited by", f"made sample {edit}")]
    assert [history_of(team, "ann", n) for n in (team.ids[0], edit, team.ids[1])] == [cases, cases, []]
    shown = sample_card.card(detail.detail(team.who("ann"), edit), {})
    assert (shown["original"], [piece["text"] for piece in shown["pieces"]]) == (team.samples[0].text, ["better"])
    assert [change["text"] for change in shown["changes"] if change["role"] != "insertion"] == [team.samples[0].text]
    assert sample_card.card(detail.detail(team.who("ann"), team.ids[0]), {})["changes"] == []
    assert sample_card.card(detail.detail(team.curator, team.ids[1]), {})["undecided"] == ("Nobody has decided on it.")
