"""Which group a series of TRL's belongs to."""

import pytest

from backend.services.rounds.training_curves import SeriesGroup, group_of


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("loss", SeriesGroup.loss),
        ("nll_loss", SeriesGroup.loss),
        ("rewards/margins", SeriesGroup.reward),
        ("rewards/countdown/mean", SeriesGroup.reward),
        ("kl", SeriesGroup.kl),
        ("objective/kl", SeriesGroup.kl),
        ("entropy", SeriesGroup.entropy),
        ("completions/mean_length", SeriesGroup.lengths),
        ("completions/clipped_ratio", SeriesGroup.lengths),
        ("num_tokens", SeriesGroup.lengths),
        ("learning_rate", SeriesGroup.learning_rate),
        ("grad_norm", SeriesGroup.other),
        ("mean_token_accuracy", SeriesGroup.other),
        ("logps/chosen", SeriesGroup.other),
    ],
)
def test_a_series_stands_with_its_kind(name: str, group: SeriesGroup) -> None:
    assert group_of(name) is group
