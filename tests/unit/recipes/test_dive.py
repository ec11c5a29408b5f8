"""Qin et al. 2025 (DIVE), arXiv 2501.00747: what makes it that method."""

from dataclasses import replace

from backend import recipes
from backend.values import Past, Verdict
from tests.groups import texts
from tests.unit.mixers.training_rows import ids, row

RECIPE = recipes.get("dive")
PLACES = RECIPE.places()
SELECTOR, EARLIER, DIVERSE = (PLACES[n].step.part for n in (3, 4, 5))


def test_pairs_are_right_above_wrong_by_the_known_answer():
    assert PLACES[2].step.part.name == "exact_match"
    group = texts("a", "b", "c")
    verdicts = (Verdict.accept, Verdict.reject, Verdict.accept)
    labelled = replace(
        group, samples=tuple(replace(s, verdict=v) for s, v in zip(group.samples, verdicts, strict=True))
    )
    pairs = {(example.sample_id, example.rejected_id) for example in SELECTOR.select([labelled], seed=0).examples}
    assert pairs == {(1, 2), (3, 2)}


def test_the_pool_spans_all_that_earlier_rounds_selected_not_only_what_they_picked():
    past = Past(trained=[row(2, age=1)], selected=[row(2, age=1), row(3, age=1), row(4, age=2)])
    assert ids(EARLIER.mix([row(1)], (), past, seed=0).rows) == [1, 2, 3, 4]
    assert (RECIPE.earlier_rounds, PLACES[5].rows) == (False, (3, 4))


def test_outliers_go_and_the_rest_is_picked_greedily_for_distance_on_both_sides():
    assert (DIVERSE.of, DIVERSE.most) == ("prompt", 4)
    # Ten pairs: one of them is an outlier; of the others four are kept, and no two of the same text while there are others.
    written = ["a b", "a b", "a b", "a c", "a c", "b c", "b c", "a d", "a d", "x y z"]
    rows = [row(n, text, rejected="w " + text) for n, text in enumerate(written, start=1)]
    mixture = DIVERSE.mix(rows, (), Past(), seed=0)
    assert len({record.completion for record in mixture.rows}) == len(mixture.rows) == 4
    assert "x y z" not in {record.completion for record in mixture.rows}
    assert mixture.dropped == {"outlier": 1, "less different": 5}


def test_diversity_is_measured_beside_accuracy():
    assert {metric.name for metric in RECIPE.metrics} >= {"held_out_accuracy", "distinct_n"}
    assert RECIPE.trainer.name == "dpo"
