"""Qu et al. 2024 (RISE), arXiv 2407.18219: what makes it that method."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.services import reviews
from backend.values import DecisionKind, Group, RoundStatus, Stage, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import (
    ANSWERS,
    ONE_DATABASE,
    last,
    last_content,
    scripted,
    short,
    texts,
    trained,
)
from tests.integration.recipes.turns import Steps, answered

STEPS = Steps(recipes.get("rise"))


def first(*texts: str) -> list[Group]:
    groups = [Group(prompt(id=n, answer="4"), (sample(n, text, prompt_id=n),)) for n, text in enumerate(texts, 1)]
    return STEPS.label(2, groups)


def test_only_failed_attempts_get_another_turn_which_shows_them():
    asked = STEPS.ask(3, *first("#### 5", "#### 4"))
    assert [group.parent.id for group in asked] == [1]
    assert [message["content"] for message in asked[0].prompt.messages[:2]] == ["question", "#### 5"]
    assert STEPS.part(4).n == 5, "best of five"


def test_the_target_of_a_turn_is_its_best_sample_after_the_failed_ones():
    (wrong,) = first("#### 5")
    (asked,) = STEPS.ask(3, wrong)
    (second,) = STEPS.label(5, [answered(asked, "#### 6", "so #### 4", "#### 7", "it is #### 4", "hm", first=11)])
    selection = STEPS.select(6, second)
    (row,) = selection.examples
    assert row.sample_id in (12, 14)
    assert selection.dropped == {"rejected": 2, "no verdict": 1, "over max_per_question": 1}
    # What the row asks is the chat with the failed attempt: nothing stands for it.
    assert (row.messages, second.trained) == (None, None)
    assert second.prompt.messages[1]["content"] == "#### 5"


def test_the_third_turn_shows_both_failed_attempts():
    (wrong,) = first("#### 5")
    (asked,) = STEPS.ask(3, wrong)
    (second,) = STEPS.label(5, [answered(asked, "#### 6", "#### 7", first=11)])
    (again,) = STEPS.ask(7, second)
    assert [message["content"] for message in again.prompt.messages if message["role"] == "assistant"] == [
        "#### 5",
        "#### 6",
    ]
    (third,) = STEPS.label(9, [answered(again, "#### 4", first=21, chain=wrong.samples)])
    assert [row.sample_id for row in STEPS.select(10, third).examples] == [21]


def test_all_turns_are_trained_together_by_sft():
    assert (STEPS.part(11).name, STEPS.places[11].rows) == ("sft", (6, 10))


@pytest.mark.slow
@ONE_DATABASE
def test_rise_learns_the_next_turn_from_the_failed_ones(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted(The_answer_is_wrong=(*ANSWERS, "hm"), prompt=(*ANSWERS, "#### 0"))
    _, result = trained(Loop(short("rise"), engine, tiny), monkeypatch)
    assert texts(result, 7), "some third turns"
    turns = Counter(len(row["prompt"]) for row in last(result))
    assert set(turns) <= {3, 5}
    for row in last(result):
        answer = RIGHT[row["prompt"][0]["content"]]
        assert last_content(row, "completion").endswith(answer)
        failed = [message["content"] for message in row["prompt"] if message["role"] == "assistant"]
        assert not any(text.endswith(answer) for text in failed)
    # One target for each state that was solved.
    solved = {(3, place) for place, _, good in texts(result, 3) if good is Verdict.accept}
    solved |= {(7, place) for place, _, good in texts(result, 7) if good is Verdict.accept}
    assert len(last(result)) == len(solved) > 0


def test_what_answers_a_rejected_text_is_trained_on_though_people_rejected_it(tiny: Path) -> None:
    engine = scripted(The_answer_is_wrong=tuple(f"so {line}" for line in ANSWERS), prompt=ANSWERS)
    loop = Loop(short("rise", first={"temperature": 0.0}), engine, tiny)
    round_id = loop.launch(is_reviewed=True)
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.step) == (RoundStatus.review, 4)
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)))
    reviews.decide_many(loop.actor, round_id, [reviews.Act(f"reject-{n:04}", DecisionKind.reject, n) for n in ids])
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    result = rows_of_round(round_id)
    # All five were rejected, so all five are asked about, and every state that was solved has its row.
    assert {place for place, *_ in texts(result, 3)} == set(range(5))
    solved = {place for place, _, good in texts(result, 3) if good is Verdict.accept}
    assert len(result["rows"][6]) == len(solved) > 0
