from dataclasses import replace

import pytest

from backend.judges._compared import in_order, known
from backend.prompt_sources.compare_all import CompareAll
from backend.values import Group, Verdict
from tests.groups import by_person, prompt, sample


def asked(*samples, part: CompareAll | None = None) -> Group | None:
    reply = (part or CompareAll()).ask([Group(prompt("2+2?"), samples)], [prompt("2+2?")], limit=1, seed=0)
    return reply[0] if reply else None


def best(*samples) -> int | None:
    """The sample that the question's answer names."""
    group = asked(*samples)
    result = known(group.prompt.answer) if group else None
    return in_order(1, samples)[result[0] - 1].id if result else None


def test_one_question_shows_all_texts_and_knows_the_best_one():
    texts = sample(1, "three", score=0.0), sample(2, "four", score=1.0), sample(3, "five", score=0.5)
    group = asked(*texts)
    assert group is not None
    content = group.prompt.messages[0]["content"]
    shown = in_order(1, texts)
    for number, completion in enumerate(shown, 1):
        assert f"<<<RESPONSE {number}\n{completion.text}\nRESPONSE {number}>>>" in content
    assert "2+2?" in content
    assert "judge 3 responses" in content
    assert "principles" in content
    assert group.prompt.answer == f"{shown.index(texts[1]) + 1} of 3"
    assert (group.parent, group.trained, group.id) == (texts[0], None, 0)


def test_people_stand_above_scores():
    assert best(sample(1, "a", score=9.0), by_person(2, Verdict.accept, "b")) == 2
    assert best(by_person(1, Verdict.reject, "a", score=9.0), sample(2, "b", score=1.0)) == 2


def test_a_group_without_a_best_text_is_left_out():
    assert asked(sample(1, "a", score=1.0), sample(2, "b", score=1.0)) is None
    assert asked(sample(1, "a", score=1.0), sample(2, "b")) is None
    assert asked(sample(1, "a", score=1.0)) is None


def test_without_needing_a_best_it_asks_about_all_groups_of_two():
    part = CompareAll(needs_best=False)
    group = asked(sample(1, "a"), sample(2, "b"), part=part)
    assert group is not None
    assert group.prompt.answer is None
    assert (part.reads_labels, part.knows_answers) == (False, False)
    assert (CompareAll().reads_labels, CompareAll().knows_answers) == (True, True)


def test_edits_are_not_shown():
    texts = sample(1, "a", score=0.0), sample(2, "b", score=1.0)
    edit = replace(sample(3, "c"), kind="edit", verdict=Verdict.accept)
    assert asked(*texts, edit) == asked(*texts)


def test_the_template_shows_prompt_and_texts():
    with pytest.raises(ValueError, match=r"lacks \{responses\}"):
        CompareAll(template="{prompt}")
