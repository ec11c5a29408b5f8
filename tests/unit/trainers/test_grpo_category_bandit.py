"""SEC (Chen et al. 2025, arXiv 2505.14970): values and draws of the bandit, by hand."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from backend.judges.brevity import Brevity
from backend.trainers import Trainer, TrainSpec, _bandit
from backend.trainers._inputs import Row
from backend.trainers.grpo_category_bandit import GRPOCategoryBandit

LEVELS = ("easy", "easy", "easy", "easy", "hard", "hard", None, None)


def knobs(**more: Any) -> GRPOCategoryBandit:
    return GRPOCategoryBandit(**{"reward": Brevity(), "num_generations": 2, "per_device_train_batch_size": 4} | more)


def bandit(folder: Path, **more: Any) -> _bandit.Bandit:
    rows = {
        number: Row(number, {"prompt": []}, {"metadata": {"category": level} if level else {}})
        for number, level in enumerate(LEVELS)
    }
    spec = TrainSpec({}, "", "", str(folder), None, str(folder), 7)
    return _bandit.Bandit(knobs(**more), rows, spec)


def lines(**gains: tuple[float, ...]) -> list[dict[str, Any]]:
    row = {"easy": 0, "hard": 4, "none": 6}
    return [{"row": row[name], "advantage": entry} for name, some in gains.items() for entry in some]


def test_is_written_and_read() -> None:
    trainer = knobs(category_key="level", value_temperature=None)
    assert Trainer.load(json.loads(json.dumps(trainer.dump()))) == trainer
    with pytest.raises(ValidationError):
        knobs(value_temperature=0)


def test_a_value_moves_half_of_the_way_to_the_mean_of_the_absolute_advantages(tmp_path: Path) -> None:
    result = bandit(tmp_path)
    assert result.values == {"": 0.0, "easy": 0.0, "hard": 0.0}
    # (|-1| + |1|) / 2 = 1 and (0.2 + 0.4) / 2 = 0.3: Q becomes 0 + 0.5 (1 - 0), and 0.15.
    curves = result.learn(lines(hard=(-1.0, 1.0), easy=(0.2, -0.4)))
    assert result.values == pytest.approx({"": 0.0, "easy": 0.15, "hard": 0.5})
    assert curves["category_value/hard"] == 0.5
    assert curves["category_value/none"] == 0.0
    # 0.5 + 0.5 (0.1 - 0.5) = 0.3; what was not drawn keeps its value.
    result.learn(lines(hard=(0.1, 0.1)))
    assert result.values == pytest.approx({"": 0.0, "easy": 0.15, "hard": 0.3})


def test_categories_are_drawn_by_the_softmax_of_their_values() -> None:
    e = math.e
    assert _bandit.probabilities([1.0, 0.0], knobs()) == pytest.approx([e / (1 + e), 1 / (1 + e)])
    assert _bandit.probabilities([1.0, 0.0], knobs(value_temperature=0.5)) == pytest.approx(
        [e**2 / (1 + e**2), 1 / (1 + e**2)]
    )
    assert _bandit.probabilities([900.0, 0.0], knobs()) == pytest.approx([1.0, 0.0])
    assert _bandit.probabilities([9.0, 0.0], knobs(value_temperature=None)) == [0.5, 0.5], "the baseline"


def test_a_generation_holds_no_prompt_twice_before_its_category_is_used_up(tmp_path: Path) -> None:
    result = bandit(tmp_path, value_temperature=0.01)
    result.values = {"": 0.0, "easy": 5.0, "hard": 0.0}
    counts = Counter(result.choose(10))
    assert set(counts) == {0, 1, 2, 3}
    assert max(counts.values()) - min(counts.values()) <= 1
    assert result.choose(3) == result.choose(3), "the same draw at the same generation"
    result.values = dict.fromkeys(result.values, 0.0)
    drawn = Counter(result.category_of[row] for row in result.choose(3000))
    assert all(900 < count < 1100 for count in drawn.values()), "equal values: each category as often, not each prompt"


def test_what_was_written_before_brings_it_to_where_it_was(tmp_path: Path) -> None:
    straight, resumed = bandit(tmp_path), bandit(tmp_path)
    generations = [lines(hard=(0.5, 1.0), easy=(0.1, 0.2)), lines(none=(0.7, 0.7, 0.7, 0.9))]
    for generation in generations:
        straight.learn(generation)
    resumed.begin([line for entry in generations for line in entry], None)
    assert (resumed.values, resumed.generation) == (straight.values, 2)
    assert resumed.choose(50) == straight.choose(50)


def test_the_values_go_on_in_the_next_training(tmp_path: Path) -> None:
    first = bandit(tmp_path)
    first.known = {"gone": 0.4}
    first.learn(lines(hard=(1.0, 1.0)))
    first.save(tmp_path)
    second = bandit(tmp_path)
    assert second.values["hard"] == 0.5
    assert second.known["gone"] == 0.4, "a category without prompts in one round is not forgotten"


def test_curves_have_short_names_and_are_few(tmp_path: Path) -> None:
    spec = TrainSpec({}, "", "", str(tmp_path), None, "", 7)
    names = [f"{'a long name of a category ' * 4}{n}" for n in range(80)]
    rows = {n: Row(n, {"prompt": []}, {"metadata": {"category": name}}) for n, name in enumerate(names)}
    shown = _bandit.Bandit(knobs(), rows, spec).learn([{"row": 0, "advantage": 1.0}])
    assert len(shown) == _bandit.MOST_CURVES
    assert max(map(len, shown)) <= 80, "a column of the curves holds no more"
