"""Turns and what they are credited with, by hand: SCoRe (arXiv 2409.12917), S2R (2502.12853), reflections (2505.24726)."""

import json
import math

import pytest
from pydantic import ValidationError

from backend.judges.brevity import Brevity
from backend.judges.exact_match import ExactMatch
from backend.judges.written_verdict import WrittenVerdict
from backend.trainers import Trainer
from backend.trainers._turns import Episode, advantages, credited, totals
from backend.trainers.multi_turn_grpo import AGAIN, MultiTurnGRPO

S2R = {"turn_kinds": ("answer", "verdict", "answer"), "follow_ups": ("check", "again")}
REFLECT = {"turn_kinds": ("thought", "answer"), "follow_ups": ("again",), "credit": "outcome", "trained_turns": (1,)}


def make_trainer(**knobs) -> MultiTurnGRPO:
    return MultiTurnGRPO(**{"reward": Brevity()} | knobs)


def credits(rewards, written=None, **knobs):
    """What the turns of one chat are credited with."""
    return credited([rewards], make_trainer(**knobs), [written or len(rewards)])[0]


def test_is_written_and_read():
    trainer = make_trainer(**S2R, credit="turn", turn_weights=(1, 0.5, 1))
    assert Trainer.load(json.loads(json.dumps(trainer.dump()))) == trainer
    assert trainer.name == "multi_turn_grpo"


@pytest.mark.parametrize(
    ("knobs", "reply"),
    [
        ({"turn_kinds": ("answer", "guess")}, "'guess' is no kind of turn. Kinds are: answer, verdict, thought"),
        ({"turn_kinds": ("answer",)}, "1 turns need 0 follow_ups, not 1"),
        ({"turn_weights": (1.0,)}, "2 turns, but 1 turn_weights"),
        ({"turn_kinds": ("thought", "thought")}, "No turn is an answer"),
        ({"turn_kinds": ("verdict", "answer")}, "A verdict stands before the first answer"),
        ({"turn_kinds": ("thought", "answer"), "progress_bonus": 2.0}, "needs two of them"),
        ({"credit": "outcome", "progress_bonus": 2.0}, "the credit turn or return"),
        ({"trained_turns": (3,)}, "names turn 3, but there are 2"),
        ({"turn_kinds": ("thought", "answer"), "credit": "turn"}, "Turn 1 is a thought, .* learns nothing"),
        ({"first_turn_beta": 0.1, "loss_type": "cispo"}, "not with cispo"),
        ({"first_turn_beta": 0.1, "trained_turns": (2,)}, "trained_turns leaves it out"),
        ({"verdict_reader": WrittenVerdict()}, "does not read texts"),
        ({"verdict_reader": ExactMatch()}, "exact_match does not read texts"),
        ({"num_generations": 3}, "no whole groups"),
    ],
)
def test_what_cannot_work_is_refused_with_a_way_out(knobs, reply):
    with pytest.raises(ValidationError, match=reply):
        make_trainer(**knobs)


def test_score_pays_for_getting_better_on_the_second_answer_alone():
    """Stage 2: r1 + r2, and alpha (r2 - r1) on the second attempt, alpha = 10: no attempt is worth failing first for."""
    stage = {"progress_bonus": 10.0, "turn_weights": (1.0, 1.0)}
    assert credits([0.0, 1.0], **stage) == [1.0, 1.0 + 10.0]
    assert credits([1.0, 0.0], **stage) == [1.0, 0.0 - 10.0]
    assert credits([1.0, 1.0], **stage) == [2.0, 1.0]
    # With each turn for itself the first is credited with r1 alone.
    assert credits([0.0, 1.0], **stage, credit="turn") == [0.0, 11.0]


def test_score_first_maximizes_the_second_answer():
    assert credits([1.0, 0.0], turn_weights=(0.0, 1.0)) == [0.0, 0.0]
    assert credits([0.0, 1.0], turn_weights=(0.0, 1.0)) == [1.0, 1.0]
    # What has no weight needs no reward.
    assert credits([None, 1.0], turn_weights=(0.0, 1.0)) == [1.0, 1.0]


def test_s2r_pays_by_outcome_or_each_turn_for_itself():
    assert credits([0.0, 1.0, 1.0], **S2R, credit="outcome") == [1.0, 1.0, 1.0]
    assert credits([0.0, 1.0, 1.0], **S2R, credit="turn") == [0.0, 1.0, 1.0]
    # A verdict that accepts ends the chat: its outcome is the first answer, and the third turn has no credit.
    assert credits([1.0, 1.0, None], 2, **S2R, credit="outcome") == [1.0, 1.0, None]
    assert credits([0.0, 0.0, None], 2, **S2R, credit="return") == [0.0, 0.0, None]


def test_a_reflection_is_paid_for_by_the_retry():
    assert credits([None, 1.0], **REFLECT) == [1.0, 1.0]
    assert credits([None, None], **REFLECT) == [None, None]
    assert credits([None, 1.0], **REFLECT | {"credit": "return"}) == [1.0, 1.0]


def test_what_is_not_known_has_no_credit():
    assert credits([None, 1.0]) == [None, 1.0]
    assert credits([1.0, None]) == [None, None]
    assert credits([None, 1.0], progress_bonus=2.0, credit="turn") == [None, None]
    trainer = make_trainer(progress_bonus=2.0, turn_weights=(1.0, 0.5))
    assert totals([[1.0, 1.0], [None, 1.0]], trainer, [2, 2]) == [1.5, None]
    assert totals([[1.0, 1.0]], make_trainer(credit="turn"), [2]) == [2.0]


def test_advantages_are_of_the_same_turn_in_the_group():
    values = advantages([[1.0, 11.0], [0.0, 0.0], [3.0, None], [3.0, 2.0]], 2, "group")
    # Of (1, 0): mean 0.5, deviation of a sample sqrt(0.5); of (11, 0) sqrt(60.5).
    assert values[0] == pytest.approx([0.5 / (math.sqrt(0.5) + 1e-4), 5.5 / (math.sqrt(60.5) + 1e-4)])
    assert values[1] == pytest.approx([-entry for entry in values[0]])
    assert values[2:] == [[0.0, 0.0], [0.0, 0.0]], "equal credits, and one alone"
    assert advantages([[1.0], [0.0]], 2, "none") == [[0.5], [-0.5]]
    batch = advantages([[1.0], [0.0], [2.0], [2.0]], 2, "batch")
    # Over 1, 0, 2, 2: mean 1.25, squares 0.0625 + 1.5625 + 2 * 0.5625 = 2.75, deviation sqrt(2.75 / 3).
    assert batch[0][0] == pytest.approx(0.5 / (math.sqrt(2.75 / 3) + 1e-4))


def test_a_chat_is_kept_token_by_token():
    chat = Episode()
    chat.write([5, 6], "hi", is_ended=False)
    chat.ask([9, 7, 8])  # the end token, which a text that was cut off lacks
    chat.write([5, 9], "ho", is_ended=True)
    chat.ask([9, 7])
    chat.write([4], "", is_ended=False)
    assert chat.ids == [5, 6, 9, 7, 8, 5, 9, 7, 4]
    assert chat.turn_of == [1, 1, 0, 0, 0, 2, 2, 0, 3]
    assert chat.chat(["and?", "more?"]) == "assistant: hi\n\nuser: and?\n\nassistant: ho\n\nuser: more?\n\nassistant: "
    alone = Episode(texts=["hi"])
    assert alone.chat([]) == "hi"


def test_texts_and_references_that_it_needs():
    assert make_trainer(num_generations=4).rollouts(prompts=5) == 2 * 2 * 8, "two turns a chat"
    assert not make_trainer().needs_reference
    assert make_trainer(first_turn_beta=0.1).needs_reference
    assert make_trainer(beta=0.01)._arguments()["beta"] == 0.01
    assert make_trainer(beta=0.01, first_turn_beta=0.1)._arguments()["beta"] == 0.1
    alone = {"turn_kinds": ("answer",), "follow_ups": (), "beta": 0.1, "first_turn_beta": 0.0}
    assert (make_trainer(**alone)._arguments()["beta"], make_trainer(**alone).needs_reference) == (0.0, False), (
        "the first turn is all"
    )
    assert make_trainer(first_turn_beta=0.1, sync_ref_model=True).follow_ups == (AGAIN,)
