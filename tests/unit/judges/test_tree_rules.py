import pytest

from backend.judges.tree_rules import DEEPEST, TreeRules, read_tree
from backend.values import Group
from tests.groups import prompt, sample

KNOWN = "(S (NP (DT the) (NN cat)) (VP (VBZ sees) (NP (DT a) (NN dog))))"


def scores(*texts: str, known: str | None = KNOWN, asked: str = "Parse: a bird eats the worm") -> list[float | None]:
    group = Group(prompt(asked, answer=known), tuple(sample(n, text) for n, text in enumerate(texts, start=1)))
    return [judgment.score for judgment in TreeRules().judge(None, [group], seed=0)]


def test_common_rules_by_hand():
    # Known: S -> NP VP, NP -> DT NN twice, VP -> VBZ NP: 4 rules.
    same = "(S (NP (DT a) (NN bird)) (VP (VBZ eats) (NP (DT the) (NN worm))))"
    # S -> NP VP, NP -> NN, VP -> VBZ NP, NP -> DT NN: 3 common of 4 and 4, F = 6/8.
    other = "(S (NP (NN bird)) (VP (VBZ eats) (NP (DT the) (NN worm))))"
    # S -> NP VP, NP -> DT NN, VP -> VBZ: 2 common of 3 and 4, F = 4/7.
    short = "Here it is: (ROOT (S (NP (DT a) (NN bird)) (VP (VBZ eats))))".replace("ROOT ", "")
    assert scores(same, other, short) == [1.0, 0.75, pytest.approx(4 / 7)]


@pytest.mark.parametrize(
    "text",
    ["no tree", "(S (NP a)", "(S a))", "(S a) (S b)", "()", "(S ())", "(S (NP) a)", "", "(" * (DEEPEST + 5)],
)
def test_a_text_without_one_whole_tree_has_score_0(text: str):
    assert read_tree(text) is None
    assert scores(text) == [0.0]


def test_a_tree_of_other_words_has_score_0():
    assert scores("(S (NP (DT the) (NN cat)) (VP (VBZ sees) (NP (DT a) (NN dog))))") == [0.0]
    # In another order than the sentence's.
    assert scores("(S (NP (DT the) (NN worm)) (VP (VBZ eats) (NP (DT a) (NN bird))))") == [0.0]


def test_without_a_known_tree_there_is_no_score():
    assert scores("(S (NN bird))", known=None) == [None]
    assert scores("(S (NN bird))", known="seven") == [None]


def test_trees_of_words_alone_are_equal():
    assert scores("(NN bird)", known="(NN dog)") == [1.0]


def test_the_words_and_the_rules_of_a_tree():
    tree = read_tree(KNOWN)
    assert [*tree.leaves()] == ["the", "cat", "sees", "a", "dog"]
    assert [*tree.rules()] == ["S -> NP VP", "NP -> DT NN", "VP -> VBZ NP", "NP -> DT NN"]
