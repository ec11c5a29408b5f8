from dataclasses import replace

import pytest
from pydantic import ValidationError

from backend.prompt_sources.ask import Ask
from backend.values import Group, LabelSource, Verdict
from tests.groups import by_person, prompt, sample

ASKED = prompt("2+2?", answer="4")
GROUP = Group(ASKED, (sample(11, "four", position=0), sample(12, "five {prompt}", position=1)), id=7)


def ask(part: Ask, *groups: Group, pool=(ASKED,)) -> list[Group]:
    return part.ask(groups, pool, limit=1, seed=5)


def question_text(group: Group) -> str:
    assert len(group.prompt.messages) == 1
    return group.prompt.messages[0]["content"]


def test_asks_about_each_text_in_a_chat_of_its_own():
    groups = ask(Ask(template="Q {prompt} R {response} A {answer}"), GROUP)
    # What looks like a name inside a text stays as it is.
    assert [question_text(group) for group in groups] == ["Q 2+2? R four A 4", "Q 2+2? R five {prompt} A 4"]
    assert [group.parent.id for group in groups] == [11, 12]
    assert {group.prompt.id for group in groups} == {1}
    assert [(group.id, group.samples, group.trained) for group in groups] == [(0, (), None)] * 2


def test_follows_in_the_same_chat_and_strips_it_for_training():
    groups = ask(Ask(template="Criticize.", follow=True, strip=True), GROUP)
    assert groups[0].prompt.messages == [
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "four"},
        {"role": "user", "content": "Criticize."},
    ]
    assert groups[0].trained == ASKED.messages


def test_a_second_question_knows_what_the_first_was_and_where_it_began():
    (first, _) = ask(Ask(template="Criticize {response}"), GROUP)
    critique = replace(first, samples=(sample(21, "too short", position=0),))
    (second,) = ask(Ask(template="{prompt} | {question} | {response}"), critique)
    assert question_text(second) == "2+2? | Criticize four | too short"
    assert second.parent.id == 21


def test_about_failed_hints_where_no_text_was_accepted():
    wrong = Group(ASKED, (sample(1, verdict=Verdict.reject), sample(2, verdict=None)))
    right = Group(ASKED, (sample(3, verdict=Verdict.reject), sample(4, verdict=Verdict.accept)))
    unknown = Group(prompt("?"), (sample(5, verdict=Verdict.reject),))
    hinted = Ask(template="{prompt} (it is {answer})", about="failed", strip=True)
    (group,) = ask(hinted, wrong, right, unknown)
    assert question_text(group) == "2+2? (it is 4)"
    assert (group.parent, group.trained) == (None, ASKED.messages)
    assert hinted.reads_labels
    assert not hinted.has_parents
    assert not Ask().reads_labels


def test_about_the_best_reads_people_before_scores():
    judged = [sample(1, score=5.0), sample(2, score=5.0), sample(3)]
    assert [g.parent.id for g in ask(Ask(about="best"), Group(ASKED, tuple(judged)))] == [1]
    decided = [*judged, by_person(4, Verdict.accept, score=1.0)]
    assert [g.parent.id for g in ask(Ask(about="best"), Group(ASKED, tuple(decided)))] == [4]
    rejected = [by_person(1, Verdict.reject, score=5.0), sample(3, score=None)]
    assert ask(Ask(about="best"), Group(ASKED, tuple(rejected))) == []


def test_about_the_last_takes_the_newest_text():
    assert [g.parent.id for g in ask(Ask(about="last"), GROUP)] == [12]
    assert ask(Ask(about="last"), Group(ASKED)) == []


def test_principles_are_drawn_by_the_seed_for_each_text():
    principles = tuple(f"principle {n}" for n in range(50))
    part = Ask(template="{principle}", principles=principles)
    texts = [question_text(group) for group in ask(part, GROUP)]
    assert texts == [question_text(group) for group in ask(part, GROUP)]
    assert texts[0] != texts[1]
    assert set(texts) <= set(principles)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"about": "failed", "template": "{response}"}, "about no text"),
        ({"about": "failed", "template": "x", "follow": True}, "about no text"),
        ({"template": "{principle}"}, "there are no principles"),
    ],
)
def test_what_cannot_be_filled_is_refused(knobs, message):
    with pytest.raises(ValidationError, match=message):
        Ask(**knobs)


def test_a_person_who_edits_has_a_text_that_is_asked_about_too():
    edited = Group(ASKED, (*GROUP.samples, sample(13, "4", kind="edit", source=LabelSource.person)))
    assert [g.parent.id for g in ask(Ask(), edited)] == [11, 12, 13]


def test_asks_about_each_text_that_was_rejected():
    samples = (
        sample(11, "a", verdict=Verdict.reject),
        sample(12, "b", verdict=Verdict.accept),
        sample(13, "c"),
        sample(14, "d", verdict=Verdict.reject),
    )
    group = Group(ASKED, samples)
    groups = ask(Ask(about="rejected", template="{response}"), group)
    assert [entry.parent.id for entry in groups] == [11, 14]
    assert [entry.parent.id for entry in ask(Ask(about="rejected", most=1, template="{response}"), group)] == [11]
    part = Ask(about="rejected", most=2)
    assert (part.reads_labels, part.has_parents, part.asks_about_rejected) == (True, True, True)
    assert (part.groups_at_most(5, 20, 5), Ask(about="rejected").groups_at_most(5, 20, 5)) == (10, 20)
