"""Each fault that is planted turns its own light red and no other; a healthy loop turns none."""

from pathlib import Path
from typing import Any

import pytest

from backend.recipes import _parts as parts
from backend.values import WarningLevel
from tests.integration.loop import dying
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.planted import (
    GOOD_JUDGE,
    HELD_OUT,
    ON_PAIRS,
    ON_ROWS,
    OPENINGS,
    TASKS,
    Planted,
    answers,
    judge,
    lights,
    long_answers,
    named,
    policy,
    question,
)
from tests.rows import make_prompt_set

pytestmark = [pytest.mark.on_sqlite, pytest.mark.usefixtures("database")]
RED = WarningLevel.red


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_loop_raises_nothing(tiny: Path, seed: int) -> None:
    loop, calm = Planted(tiny), set[str]()
    for right in (4, 5, 6):
        round_id = loop.next(policy(right), seed=seed)
        raised = {
            name: (round_warning.level, round_warning.value)
            for name, round_warning in lights(round_id).items()
            if round_warning.level in (RED, WarningLevel.amber)
        }
        assert raised == {}
        calm |= named(round_id, WarningLevel.green)
    assert calm >= {
        "exploration_collapse",
        "label_noise",
        "length_bias",
        "length_growth",
        "no_separation",
        "nothing_to_gain",
        "reward_hacking",
    }


@pytest.mark.parametrize("training", [ON_ROWS, ON_PAIRS], ids=["rows", "pairs"])
def test_a_healthy_loop_that_trains_raises_nothing(tiny: Path, training: Any) -> None:
    """Lights of what is trained on are computed, and not red: not by chance, and not for want of rows."""
    loop = Planted(tiny, trains=True, training=training)
    own: Any = [{"pattern": f"Task {task}:", "reply": long_answers(task, task)} for task in TASKS]
    for _ in range(2):
        round_id = loop.next(policy(more=own))
        assert named(round_id, RED) == set()
    round_warnings = lights(round_id)
    known = {name for name, round_warning in round_warnings.items() if round_warning.level is not WarningLevel.unknown}
    assert known >= {"copying", "duplicated_prompts", "held_out_leak", "self_consuming", "selection_shift"}
    assert known >= ({"pairs_drift"} if training is ON_PAIRS else set())
    assert round_warnings["duplicated_prompts"].value == 1
    assert round_warnings["copying"].value == 0


def test_a_judge_that_likes_length(tiny: Path) -> None:
    scores = ((13, 5), (10, 4), (7, 3), (4, 2), (1, 1))
    by_length: Any = [{"pattern": rf"\|\| (\S+\s+){{{words}}}", "reply": f"Score: {score}"} for words, score in scores]
    round_id = Planted(tiny).next(policy(), judge(more=by_length))
    assert named(round_id, RED) == {"length_bias"}
    length_bias = lights(round_id)["length_bias"]
    assert length_bias.low is not None
    assert length_bias.low > 0.8
    assert length_bias.n == 160


def test_a_judge_that_goes_by_the_seat(tiny: Path) -> None:
    pairwise = parts.PairwiseSwapped(template="Judge: {prompt} || {a} || {b}", score="wins", accept_at=0.5)
    first: Any = [{"pattern": "Judge: ", "reply": "Winner: A"}]
    round_id = Planted(tiny, judge=pairwise).next(policy(), judge(more=first))
    assert named(round_id, RED) == {"position_bias"}
    position_bias = lights(round_id)["position_bias"]
    assert (position_bias.value, position_bias.n) == (1.0, 240)


def test_a_judge_that_always_says_five(tiny: Path) -> None:
    round_id = Planted(tiny).next(policy(), judge((5,), (5,)))
    assert named(round_id, RED) == {"no_separation"}
    assert lights(round_id)["no_separation"].value == 1.0


def test_labels_of_which_three_in_ten_are_wrong(tiny: Path) -> None:
    noisy = judge((5,) * 7 + (1,) * 3, (1,) * 7 + (5,) * 3)
    round_id = Planted(tiny).next(policy(), noisy)
    assert named(round_id, RED) == {"label_noise"}
    label_noise = lights(round_id)["label_noise"]
    assert label_noise.value == pytest.approx(0.3, abs=0.1)
    assert label_noise.sample_ids


def test_a_policy_that_collapses(tiny: Path) -> None:
    loop = Planted(tiny)
    assert named(loop.next(policy()), RED) == set()
    round_id = loop.next(policy(5, OPENINGS[:1] * 7 + OPENINGS[1:2]))
    assert named(round_id, RED) == {"exploration_collapse"}
    exploration_collapse = lights(round_id)["exploration_collapse"]
    assert exploration_collapse.high is not None
    assert exploration_collapse.high < 0.7


def test_a_reward_that_is_hacked(tiny: Path) -> None:
    loop = Planted(tiny)
    charmed: Any = [{"pattern": r"\|\| .*trust me", "reply": "Score: 5"}]
    pleasing = [f"{entry} (trust me)" for entry in OPENINGS]
    for right, openings in ((5, OPENINGS), (4, [*pleasing[:4], *OPENINGS[4:]]), (3, pleasing)):
        round_id = loop.next(policy(right, openings), judge(more=charmed))
    assert named(round_id, RED) == {"reward_hacking"}
    reward_hacking = lights(round_id)["reward_hacking"]
    assert reward_hacking.stops
    assert reward_hacking.value is not None
    assert reward_hacking.value > 0.2


def test_a_killed_evaluation_writes_the_same_lights(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Planted(tiny)
    undisturbed = loop.next(policy())
    loop.last = None
    with dying(monkeypatch) as kills:
        disturbed = loop.next(policy())
    assert kills[0] > 5
    columns = ("level", "value", "low", "high", "limit", "n", "reason", "details")
    counts = [
        {
            name: [getattr(round_warning, column) for column in columns] + [len(round_warning.sample_ids)]
            for name, round_warning in lights(n).items()
        }
        for n in (undisturbed, disturbed)
    ]
    assert counts[0] == counts[1]
    assert len(counts[0]) > 20


def test_a_held_out_set_that_leaks(tiny: Path) -> None:
    loop = Planted(tiny, trains=True)
    leaked = [f"Two tasks. {question(HELD_OUT[n])} {question(task)}" for n, task in enumerate(TASKS)]
    loop.prompts = make_prompt_set(loop.project, prompts=leaked, answers=[f"#### {task}" for task in TASKS])
    rules: Any = [{"pattern": f"Task {task}: [^T]*$", "reply": answers(task, 5)} for task in TASKS]
    right: Any = [{"pattern": r"(?s)Task (\d+):[^T]*\|\| .*#### \1(?!\d)", "reply": "Score: 5"}]
    blunt: Any = [{"pattern": "Judge: ", "reply": "Score: 1"}]
    round_id = loop.next(policy(more=rules), judge(more=[*right, *blunt]))
    assert named(round_id, RED) == {"held_out_leak"}
    held_out_leak = lights(round_id)["held_out_leak"]
    assert held_out_leak.value is not None
    assert held_out_leak.value > 0.9
    assert held_out_leak.prompt_ids


def test_a_policy_that_copies_its_training_set(tiny: Path) -> None:
    loop = Planted(tiny, trains=True)
    own: Any = [{"pattern": f"Task {task}:", "reply": long_answers(task, task)} for task in TASKS]
    others: Any = [
        {"pattern": f"Task {task}:", "reply": long_answers(task, task - 1 if task > TASKS[0] else TASKS[-1])}
        for task in TASKS
    ]
    assert named(loop.next(policy(more=own), GOOD_JUDGE), RED) == set()
    round_id = loop.next(policy(more=others), GOOD_JUDGE)
    assert named(round_id, RED) == {"copying"}
    copying = lights(round_id)["copying"]
    assert copying.value is not None
    assert copying.value > 0.3
