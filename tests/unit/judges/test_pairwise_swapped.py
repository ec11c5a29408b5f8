"""Wu et al. 2024 (Meta-Rewarding), arXiv 2407.19594: position weights, battles and strengths, by hand."""

import math
from dataclasses import replace

import pytest
from pydantic import ValidationError

from backend.engines import Engine
from backend.judges.pairwise_swapped import Game, PairwiseSwapped, battles, read, strengths
from backend.values import Completion, Failure, FailureKind, Verdict
from tests.groups import texts


class Referee(Engine):
    """Prefers by a table: (first text, second text) -> reply."""

    replies: dict[str, str] = {}
    otherwise: str = "no idea"

    def complete(self, prompts, sampling):
        chats = [chat[0]["content"] for chat in prompts]
        return [[Completion(self.replies.get(chat, self.otherwise), "stop", 2)] for chat in chats]


del Engine.registry["referee"]


def judge(message, *written, otherwise="no idea", **knobs):
    part = PairwiseSwapped(template="{prompt}:{a}>{b}", **knobs)
    engine = Referee(replies={f"question:{pair}": reply for pair, reply in message.items()}, otherwise=otherwise)
    return part.judge(engine, [texts(*written)], seed=0)


def game(first, second, reply):
    return Game(first, second, Completion(reply, "stop", 1))


def test_wins_in_both_orders_make_the_stronger_one():
    judgments = judge({"x>y": "Winner: A", "y>x": "Winner: B"}, "x", "y", prior=0.5)
    # win1 = win2 = 1, so both weights are 1/2: B[x, y] = 0.5 + 0.5 + prior 0.5 = 1.5, B[y, x] = 0.5.
    # e(x) - e(y) = log(1.5 / 0.5) = log 3, and they add up to 0.
    assert [j.score for j in judgments] == pytest.approx([math.log(3) / 2, -math.log(3) / 2])
    assert [j.verdict for j in judgments] == [Verdict.accept, Verdict.reject]
    assert judgments[0].rationale == "Won 2, lost 0 of 2 comparisons."
    assert (judgments[0].raw, judgments[1].raw) == ("Winner: A", "Winner: B")


def test_a_referee_who_always_takes_the_first_says_nothing():
    # win2 = 0, so a win in the first place weighs 0: all strengths are equal.
    assert [j.score for j in judge({}, "x", "y", "z", otherwise="Winner: A")] == [0.0, 0.0, 0.0]


def test_wins_of_the_rarer_place_weigh_more():
    games = [game(0, 1, "Winner: A"), game(1, 0, "Winner: A"), game(0, 2, "Winner: A"), game(2, 0, "Winner: B")]
    # win1 = 3, win2 = 1: a first place weighs 1/4, a second 3/4.
    assert battles(3, games, 0.1) == [[0.0, 0.35, 1.1], [0.35, 0.0, 0.1], [0.1, 0.1, 0.0]]


def test_strengths_of_three_follow_from_the_odds():
    # Odds 2 between neighbours and 4 between the outer two agree with strengths log 2, 0, -log 2.
    table = [[0, 2 / 3, 4 / 5], [1 / 3, 0, 2 / 3], [1 / 5, 1 / 3, 0]]
    assert strengths(table) == pytest.approx([math.log(2), 0.0, -math.log(2)], abs=1e-6)


def test_share_of_wins_counts_comparisons_with_a_winner():
    judgments = judge(
        {"x>y": "Winner: A", "y>x": "?", "x>z": "Winner: A", "z>x": "Winner: A"}, "x", "y", "z", score="wins"
    )
    assert [j.score for j in judgments] == [2 / 3, 0.0, 0.5]


def test_without_a_winner_or_a_second_text_there_is_no_score():
    assert [j.score for j in judge({}, "x", "y")] == [None, None]
    assert [j.score for j in judge({}, "x")] == [None]


@pytest.mark.parametrize(
    ("reply", "winner"),
    [
        ("They differ.\nWinner: A", "A"),
        ("Winner: **B**", "B"),
        ("B", "B"),
        ("[[A]]", "A"),
        ("winner is A or B", None),
        ("Winner: A\nNo, wait.\nWinner: B", "B"),
        ("Winner: Anna", None),
        ("neither", None),
        ("<think>Winner: A</think>Winner: B", "B"),
    ],
)
def test_reads_the_last_clear_winner(reply, winner):
    assert read(Completion(reply, "stop", 1)) == winner


def test_a_reply_that_was_cut_off_names_no_winner():
    assert read(Completion("Winner: A", "length", 1)) is None


def test_a_text_of_which_no_comparison_was_served_says_why():
    failure = Failure(FailureKind.refused, "no such model")

    class Broken(Engine):
        def complete(self, prompts, sampling):
            return [[Completion("", "error", 0, failure=failure)] for _ in prompts]

    del Engine.registry["broken"]
    judgments = PairwiseSwapped().judge(Broken(), [texts("x", "y")], seed=0)
    assert [j.failure for j in judgments] == [failure, failure]


def test_both_orders_are_judged_by_one_principle_drawn_for_the_group():
    replies: list[str] = []

    class Listener(Engine):
        def complete(self, prompts, sampling):
            replies.extend(chat[0]["content"] for chat in prompts)
            return [[Completion("Winner: A", "stop", 2)] for _ in prompts]

    del Engine.registry["listener"]
    part = PairwiseSwapped(template="{principle}|{prompt}:{a}>{b}", principles=tuple("pqrs"))
    groups = [replace(texts("x", "y"), position=n) for n in range(20)]
    part.judge(Listener(), groups, seed=3)
    drawn = [text.split("|")[0] for text in replies]
    assert drawn[::2] == drawn[1::2], "the order of the texts is all that differs"
    assert set(drawn) == set("pqrs")
    before, replies[:] = list(replies), []
    part.judge(Listener(), groups, seed=3)
    assert replies == before
    with pytest.raises(ValidationError, match="there are no principles"):
        PairwiseSwapped(template="{principle}{prompt}{a}{b}")
    with pytest.raises(ValidationError, match="has no place for the principles"):
        PairwiseSwapped(principles=("be kind",))


def test_n_texts_take_n_times_n_less_one_replies():
    assert PairwiseSwapped().calls_at_most(1, 11) == 110
    assert PairwiseSwapped().calls_at_most(2, 21) == 220  # of two groups one has 11
    assert PairwiseSwapped().calls_at_most(0, 0) == 0


def test_a_template_that_hides_a_text_is_refused():
    with pytest.raises(ValidationError, match=r"lacks \{b\}"):
        PairwiseSwapped(template="{prompt} {a}")
