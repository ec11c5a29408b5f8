"""Informativeness without a database: signs put together, and where a judge contradicts its habit."""

import json
import random
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy
import pytest

from backend import demo, recipes
from backend.demo import make_prompts
from backend.pipeline.informativeness.signs import (
    JudgedSample,
    checker,
    informativeness,
    near_the_cut,
    plain_signs,
)
from backend.pipeline.informativeness.surrogate import (
    FEATURES,
    IS_TOP,
    VOTE_SHARE,
    features,
    probability_of_other_verdict,
)
from backend.services.decisions.group_decisions import shown
from backend.services.decisions.verdicts import says
from backend.services.queue import item_views
from backend.services.review_settings import Mode, ReviewSettings
from backend.values import Sign, Verdict


def judged_sample_of(
    n: int, *, group: int = 0, text: str = "a", rationale: str = "", verdict: Verdict | None = Verdict.accept
) -> JudgedSample:
    score = None if verdict is None else float(verdict is Verdict.accept)
    judged_sample = JudgedSample(n, group, "make 12", text, -1.0, 3, False, score, verdict, 0.0)
    judged_sample.answer, judged_sample.rationale = text, rationale
    return judged_sample


def test_verdicts_against_the_judges_own_habit_come_first() -> None:
    chance = random.Random(1)
    samples, odd = [], set(chance.sample(range(2_000), 12))
    for n in range(2_000):
        is_like_others = chance.random() < 0.5
        accepts = is_like_others is not (n in odd)
        verdict = Verdict.accept if accepts else Verdict.reject
        reason = f"it is {12 if is_like_others else chance.randint(13, 99)}"
        samples.append(
            judged_sample_of(n, group=n // 4, text=f"{chance.randint(1, 9)}", rationale=reason, verdict=verdict)
        )
    groups = [list(group) for _, group in groupby(samples, key=lambda judged_sample: judged_sample.group)]
    columns = [row for group in groups for row in features(group)]
    surprise, because = probability_of_other_verdict(
        numpy.array(columns), [sample.verdict for sample in samples], seed=3
    )
    first = numpy.argsort(-surprise)[:12]
    assert set(first.tolist()) == odd
    assert {because[n] for n in first} <= {Sign.reason_end, Sign.reason_in, Sign.reason_grounded, Sign.reason_covers}
    again, _ = probability_of_other_verdict(numpy.array(columns), [sample.verdict for sample in samples], seed=3)
    assert (again == surprise).all(), "the same seed gives the same order"


@pytest.mark.parametrize("verdicts", [[Verdict.accept] * 300, [None] * 300, [Verdict.accept, Verdict.reject] * 20])
def test_without_enough_verdicts_of_both_kinds_there_is_no_habit(verdicts: list[Verdict | None]) -> None:
    columns = numpy.random.default_rng(0).random((len(verdicts), len(FEATURES)))
    assert not probability_of_other_verdict(columns, verdicts, seed=1)[0].any()


def test_a_reply_without_a_verdict_is_a_sign_and_a_conflict_more_informative_than_none() -> None:
    alone: dict[str, Any] = {"cut": 0.5, "share": 1.0, "is_top": True}
    assert plain_signs(judged_sample_of(1, verdict=None), verifiers=set(), **alone) == {Sign.unparsed: 1.0}
    plain = plain_signs(judged_sample_of(1), verifiers=set(), **alone)
    judged_sample = judged_sample_of(1)
    judged_sample.verdicts = {"written_verdict": Verdict.accept, "majority_vote": Verdict.reject}
    against = plain_signs(judged_sample, verifiers={"majority_vote"}, **alone)
    assert informativeness(against)[0] > informativeness(plain)[0]
    assert informativeness(against)[1] is Sign.verifier
    assert Sign.judges in plain_signs(judged_sample, verifiers=set(), **alone)


def test_the_demo_has_nothing_to_compare_with(tmp_path: Path) -> None:
    """Its true checker measures; were it, or a known answer, among the signs, the queue would find what it tells."""
    make_prompts.write(tmp_path)
    lines = (tmp_path / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert not any(json.loads(line).get("answer") for line in lines)
    assert checker(recipes.get("rejection_sampling").with_changes(demo.RECIPE_CHANGES)) is None


def test_a_rejected_answer_that_most_samples_give_is_a_conflict_with_the_vote() -> None:
    group = [judged_sample_of(n, text="7", verdict=Verdict.reject) for n in range(3)] + [
        judged_sample_of(3, text="8", verdict=Verdict.reject)
    ]
    signs = [
        plain_signs(judged_sample, cut=0.5, verifiers=set(), share=row[VOTE_SHARE], is_top=row[IS_TOP] > 0)
        for judged_sample, row in zip(group, features(group), strict=True)
    ]
    assert [Sign.vote in sign for sign in signs] == [True, True, True, False]


def test_the_queue_has_words_for_every_sign() -> None:
    by_the_scores = {Sign.unparsed, Sign.spread, Sign.cut, Sign.exact_match, Sign.habit}
    assert {*item_views.SIGNS, *item_views.HABITS} | by_the_scores == set(Sign)
    assert set(item_views.HABITS) == set(FEATURES)


def test_near_the_cut_and_wavering() -> None:
    assert near_the_cut(None, None, cut=4.0) == 1.0
    assert near_the_cut(2.0, 1.5, cut=4.0) > near_the_cut(2.0, 0.0, cut=4.0) > near_the_cut(1.0, 0.0, cut=4.0)


def test_features_are_as_many_as_their_names_and_finite_for_any_text() -> None:
    for text in ("", "\x00", "word " * 500, "日本語", "12"):
        row = features([judged_sample_of(1, text=text, rationale=text)])[0]
        assert len(row) == len(FEATURES)
        assert all(numpy.isfinite(row))


def test_the_share_of_items_with_all_reviewers_is_about_the_asked_one_and_stays() -> None:
    settings = ReviewSettings(num_reviewers_per_item=3, overlap_share=0.25)
    many = [settings.reviewers_of(n) for n in range(1, 10_001)]
    assert 0.22 < many.count(3) / len(many) < 0.28
    assert many == [settings.reviewers_of(n) for n in range(1, 10_001)]
    assert {ReviewSettings(num_reviewers_per_item=3, overlap_share=0.0).reviewers_of(n) for n in range(99)} == {1}
    assert {ReviewSettings(num_reviewers_per_item=3).reviewers_of(n) for n in range(99)} == {3}


def test_a_rank_without_a_scale_runs_from_one_to_zero() -> None:
    reply = says({"order": [3, 1, 2]}, {}, {})
    assert reply == {3: (Verdict.accept, 1.0), 1: (Verdict.accept, 0.5), 2: (Verdict.reject, 0.0)}


def test_a_pair_without_scores_is_the_first_and_the_last() -> None:
    sides = {tuple(shown(Mode.pair, user, 5, [1, 2, 3], {})) for user in range(40)}
    assert sides == {(1, 3), (3, 1)}
    assert shown(Mode.pair, 1, 5, [1], {}) == [1]
