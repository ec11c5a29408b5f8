"""What the Team pages make of typed text and of found figures, without a browser."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.pages import audit
from app.pages.team import adjudication, gold, people, removal
from app.widgets import figures, times
from backend.db import now, tables
from backend.errors import InvalidInput
from backend.metrics import _agreement as measures
from backend.services import review_settings
from backend.services.decisions import Decision
from backend.services.queue.item_views import JudgeView
from backend.services.queue.review_items import Item, Member
from backend.services.reviews.review_progress import ReviewProgress, Tally
from backend.services.team.adjudication import Disputed
from backend.services.team.removals import Changed, Removal
from backend.values import DecisionKind, Messages, Role, Verdict


def test_numbers_are_separated_by_commas_or_blanks_and_may_be_ranges() -> None:
    assert gold.numbers("12, 15 18") == [12, 15, 18]
    assert gold.numbers("300-303,7 5 - 6 300") == [300, 301, 302, 303, 7, 5, 6]
    assert len(gold.numbers("1-10000")) == 10_000


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("", "No sample is named"),
        ("12, x", "'x' is no sample's number"),
        ("-5", "'-5' is no sample's number"),
        ("3-", "'3-' is no sample's number"),
        ("1-2-3", "'1-2-3' is no sample's number"),
        ("305-300", "Write it as 300-305"),
        ("1-10001", "more than 10,000"),
        ("1-9999999999", "more than 10,000"),
        ("1-9000 20000-21001", "more than 10,000"),
    ],
)
def test_a_wrong_number_is_named(text: str, reply: str) -> None:
    with pytest.raises(InvalidInput, match=reply):
        gold.numbers(text)


def test_a_rule_over_several_settings_is_told_in_its_own_words() -> None:
    with pytest.raises(InvalidInput) as refused:
        review_settings.read({"mode": "group", "gold_share": 0.2})
    assert refused.value.message == (
        "The review settings don't fit together: a known label is of one sample, and this mode decides groups. "
        "Set gold_share to 0."
    )
    with pytest.raises(
        InvalidInput, match=r"setting num_reviewers_per_item is wrong: it must be at most 10\. Change it"
    ):
        review_settings.read({"num_reviewers_per_item": 99})


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (Changed("accept 1", "reject 1", "person", 1), "1 label goes from accept to reject (by a person's word)"),
        (
            Changed("no verdict 0.75", "accept 1", "judge", 9),
            "9 labels go from no verdict back to accept, score 0.75 to 1 (the judge's)",
        ),
        (Changed("accept", "accept 1e-05", "judge", 2), "2 labels stay accept, score – to 1e-05 (the judge's)"),
    ],
)
def test_a_label_that_would_change_is_told_in_a_sentence(changed: Changed, text: str) -> None:
    assert removal.changed_words(changed) == text


def test_figures_of_few_equal_items_claim_no_certainty() -> None:
    assert figures.share(measures.percent([["a", "b"]] * 12)) == "0% (12 items, interval unknown)"
    assert figures.share(measures.percent([["a", "a"]])) == "100% (1 item, interval unknown)"
    assert figures.share(measures.percent([["a", "a"]] * 30)) == "100% (100 to 100)"
    for measure in (measures.cohen, measures.fleiss, measures.alpha):
        assert figures.kappa(measure([("a", "b")])) == "–"
        assert " to " in figures.kappa(measure([("a", "b"), ("a", "a"), ("b", "b")] * 4))


def disputed(*ids: int) -> Disputed:
    judge = JudgeView(1.0, Verdict.accept, None, ())
    members = tuple(Member(n, f"answer {n}", "stop", 3, False, replace(judge, score=n / 10)) for n in ids)
    messages: Messages = [{"role": "user", "content": "3 9 7 = 60"}]
    item = Item(ids[0], 1, messages, "answer", "stop", 3, False, judge, None, members=members if ids[1:] else ())
    row = tables.Decision(
        id=1,
        client_id="decision-1",
        sample_id=ids[0],
        user_id=1,
        kind=DecisionKind.prefer,
        note="",
        via="page",
        value={"best": ids[-1], "worst": None},
        created_at=datetime.now(UTC),
        is_blind=True,
        is_override=False,
        is_adjudication=False,
        is_late=False,
    )
    return Disputed(item, (Decision.of(row, "maria", 0.5),))


def test_the_answers_of_a_group_are_numbered_as_their_keys_and_each_has_its_score() -> None:
    result = disputed(482, 483, 484)
    choices = adjudication.words(result.item)
    shown = adjudication.item_value(result, 12, choices)
    assert shown["title"] == "Prompt of samples 482 to 484"
    assert [(text["name"], text["judge"]) for text in shown["texts"]] == [
        ("1", "accept 48.2"),
        ("2", "accept 48.3"),
        ("3", "accept 48.4"),
    ]
    assert shown["judge"] == "", "the judge has no word on a group"
    assert shown["votes"][0]["said"] == "3 is best"
    assert [(choice["key"], choice["name"]) for choice in choices][:3] == [
        ("1", "1 is best"),
        ("2", "2 is best"),
        ("3", "3 is best"),
    ]
    assert adjudication.title(disputed(4, 9).item) == "Prompt of samples 4, 9"
    assert adjudication.item_value(disputed(4), 1, [])["title"] == "Sample 4"
    assert adjudication.item_value(disputed(4), 1, [])["judge"] == "accept 1"


def test_the_audit_tells_details_in_words() -> None:
    assert audit.details({"value": {"best": 482, "worst": None}, "seconds": 3.5}) == "best 482, seconds 3.5"
    assert audit.details({"value": {"tie": [4, 5]}, "is_blind": True}) == "tie 4, 5, is blind"
    assert audit.details({"review": {"mode": "group", "gold_share": 0.0}}) == "review mode group, gold share 0.0"
    assert audit.details({"edits": [{"was": 1}, {"was": 2}], "none": {}}) == "edits (was 1), (was 2)"
    assert len(audit.details({"note": "x" * 900})) == audit.SHOWN_DETAIL + 1


def test_times_are_told_in_one_way() -> None:
    late = now() + timedelta(days=2)
    assert times.ends(late).endswith(f", {times.moment(late)}")
    entry = Removal(
        "a", "Cleo", "Ada", datetime(2026, 11, 21, 18, 9, tzinfo=UTC), "tired", 3, 0, False, False, (), Role.admin
    )
    assert removal.choice(entry) == ("Ada, 21 Nov 2026, 18:09", "a")


def test_items_that_lack_a_reviewer_are_told_apart_from_those_nobody_has_begun() -> None:
    begun = ReviewProgress(samples=12_000, decided=14, mine=Tally(0, 0), people=(), is_open=True, remaining=11_988)
    assert people.done(begun) == (
        "12 of 12,000 items decided (0%), 2 more have been begun and need another word, 11,988 to go."
    )
    assert people.done(replace(begun, remaining=11_986)) == "14 of 12,000 items decided (0%), 11,986 to go."
    nearly = replace(begun, decided=12_000, remaining=1)
    assert people.done(nearly).startswith("11,999 of 12,000 items decided (99%), 1 more")


def test_a_review_that_has_not_begun_shows_no_share() -> None:
    nothing = ReviewProgress(samples=0, decided=0, mine=Tally(0, 0), people=(), is_open=False, has_begun=False)
    assert nothing.share == 0
    assert replace(nothing, samples=40).share == 0
