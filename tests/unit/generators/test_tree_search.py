"""The search over steps: which node it writes on from, and the groups that a tree becomes."""

import math
import re
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import PrivateAttr, ValidationError

from backend.engines import Ability, Engine, answered
from backend.engines.scripted import Scripted
from backend.generators._tree import Node, steps_of
from backend.generators.tree_search import TreeSearch
from backend.judges.brevity import Brevity
from backend.judges.exact_match import ExactMatch
from backend.judges.novelty import Novelty
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.values import GOES_ON, Completion, Failure, FailureKind, Group, Messages, Sampling
from tests.groups import prompt

PROMPTS = [prompt("one", id=11), prompt("two", id=12)]


class Writer(Engine):
    """Writes "a<depth> / b<depth> / ..." and two further lines until the third line; notes what it is asked."""

    _asked: list[list[str]] = PrivateAttr(default_factory=list)

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        texts = [answered(chat, "")[-1]["content"] if len(chat) > 1 else "" for chat in prompts]
        self._asked.append(texts)
        return [[self._completion(text, n) for n in range(sampling.n)] for text in texts]

    def _completion(self, text: str, n: int) -> Completion:
        if "fail" in text:
            return Completion("", "error", 0, failure=Failure(FailureKind.context, "too long"))
        depth = text.count("\n")
        lines = [f"{'abc'[n]}{depth}", *(f"x{later}" for later in range(depth + 1, 3))]
        return Completion("\n".join(lines), "stop", len(lines), -1.0)


class Rater(Engine):
    """Rates a text by its last line: a is 1, b is 0.5, c is 0."""

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset({Ability.rate})

    def rate(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[float]:
        return [{"a": 1.0, "b": 0.5, "c": 0.0}[re.findall(r"([abc])\d\n?\Z", text)[0]] for text in texts]


for name in ("writer", "rater"):  # not parts of the product: other tests see the registry without them
    del Engine.registry[name]


def grow(engine: Any = None, *, engines: Any = None, prompts: Any = PROMPTS, seed: int = 3, **knobs: Any) -> Any:
    return TreeSearch(**knobs).grow(engine or Writer(), prompts, seed=seed, engines=engines or {})


def paths(groups: Sequence[Group]) -> list[str]:
    """The text that each group goes on from."""
    return [group.prompt.messages[-1]["content"] if len(group.prompt.messages) > 1 else "" for group in groups]


def test_steps_are_the_text_and_blank_ones_belong_to_their_neighbours() -> None:
    for text in ("", "a", "a\n", "a\nb", "\n\na\n\nb\n \nc", "\n"):
        assert "".join(steps_of(text, "\n")) == text
    assert steps_of("\n\na\n\nb\n \nc", "\n") == ["\n\na\n\n", "b\n \n", "c"]
    assert steps_of("a. b. c", ". ") == ["a. ", "b. ", "c"]


def test_groups_are_nodes_that_were_written_on_from_and_parents_come_first() -> None:
    first, second = grow(branch=2, budget=2)
    assert paths(first) == ["", "a0\n"]
    assert [[s.text for s in group.samples] for group in first] == [["a0\n", "b0\n"], ["a1\n", "b1\n"]]
    root, node = first
    assert (root.parent, root.prompt.messages) == (None, PROMPTS[0].messages)
    assert node.parent is root.samples[0]
    assert node.prompt.messages == [*PROMPTS[0].messages, {"role": "assistant", "content": "a0\n"}]
    sample = root.samples[0]
    assert (sample.finish_reason, sample.num_tokens, sample.logprob, sample.position) == ("stop", 3, None, 0)
    assert sample.extra["rest"] == "x1\nx2"
    assert (sample.extra["rest_steps"], sample.extra["is_whole"], sample.extra[GOES_ON]) == (2, True, True)
    assert (sample.extra["is_expanded"], root.samples[1].extra["is_expanded"]) == (True, False)
    assert {group.prompt.id for group in second} == {12}


def test_a_tree_ends_with_its_budget_and_not_with_success() -> None:
    # Two steps of three lines each can be written on from; the last step of a text cannot.
    (tree,) = grow(prompts=PROMPTS[:1], branch=2, budget=100)
    assert len(tree) == 1 + 2 + 4
    ends = [s for group in tree for s in group.samples if not s.extra[GOES_ON]]
    assert [s.text for s in ends] == ["a2", "b2"] * 4
    assert {s.logprob for s in ends} == {-1.0}
    (short,) = grow(prompts=PROMPTS[:1], branch=2, budget=100, depth=2)
    assert len(short) == 1 + 2
    (small,) = grow(prompts=PROMPTS[:1], branch=2, budget=5)
    assert len(small) == 5


def test_all_trees_of_a_batch_grow_together() -> None:
    engine = Writer()
    grow(engine, branch=2, budget=3)
    assert [len(texts) for texts in engine._asked] == [2, 2, 2]


def test_the_scorer_leads_the_search_and_without_one_it_goes_by_visits() -> None:
    led = grow(branch=3, budget=3, value_by="scorer", exploration=0.0, engines={"scorer": Rater()})
    assert paths(led[0]) == ["", "a0\n", "a0\na1\n"]
    values = {s.text: s.extra["value"] for s in led[0][0].samples}
    # a0: its own 1, the three children of it 1, 0.5, 0 and those of a1, the same: 1 + 1.5 + 1.5 of 7.
    assert values == {"a0\n": round(4 / 7, 9), "b0\n": 0.5, "c0\n": 0.0}
    alone = grow(branch=3, budget=3, value_by="scorer")
    assert paths(alone[0]) == ["", "a0\n", "b0\n"]
    assert {s.extra["value"] for group in alone[0] for s in group.samples} == {None}


def test_the_bound_is_the_mean_and_the_visits() -> None:
    root = Node()
    root.children = [Node("a", root, 1, visits=4, total=2.0), Node("b", root, 1, visits=1, total=0.25)]
    assert root.children[0].bound(0.7) == pytest.approx(0.5 + 0.7 * math.sqrt(2 * math.log(5) / 4))
    assert root.children[1].bound(0.7) == pytest.approx(0.25 + 0.7 * math.sqrt(2 * math.log(5) / 1))


def test_a_beam_goes_on_from_what_the_judge_finds_best() -> None:
    class Backwards(Brevity):
        """The later letter is better."""

        def judge(self, engine: Any, groups: Any, *, seed: int) -> Any:
            assert [len(group.samples) for group in groups] == [2, 2]
            return [self.judgment(s, float("abc".index(s.text[0])), "") for group in groups for s in group.samples]

    del Brevity.registry["backwards"]
    trees = grow(algorithm="beam", branch=2, budget=9, judge=Backwards())
    assert paths(trees[0]) == ["", "b0\n", "b0\nb1\n"]
    assert [s.extra["value"] for s in trees[0][0].samples] == [0.0, 1.0]
    wide = TreeSearch(algorithm="beam", beams=2, branch=2, budget=9, value_by="s").grow(
        Writer(), PROMPTS[:1], seed=1, engines={"s": Rater()}
    )
    assert paths(wide[0]) == ["", "a0\n", "b0\n", "a0\na1\n", "b0\na1\n"]


def test_the_model_compares_its_own_next_steps_under_one_prefix() -> None:
    engine = Scripted(
        rules=(
            {"pattern": "<<<A\na0", "reply": "Winner: A"},
            {"pattern": "<<<B\na0", "reply": "Winner: B"},
            {"pattern": "<<<A", "reply": "Winner: B"},
        )
    )
    judge = PairwiseSwapped(template="{prompt}\n<<<A\n{a}\n<<<B\n{b}", score="wins")
    trees = grow(algorithm="beam", branch=3, budget=2, judge=judge, engines={"judge": engine})
    assert paths(trees[0]) == ["", "a0\n"]
    assert trees[0][0].samples[0].extra["value"] == 1.0


def test_twins_stay_in_the_store_but_one_is_written_on_from() -> None:
    engine = Scripted(replies=("same\nnext",))
    (tree,) = grow(engine, prompts=PROMPTS[:1], branch=2, budget=3)
    assert [s.text for s in tree[0].samples] == ["same\n", "same\n"]
    assert [s.extra["is_expanded"] for s in tree[0].samples] == [True, False]
    assert len(tree) == 3


def test_a_beam_does_not_end_because_the_second_of_two_twins_is_liked_better() -> None:
    class LastFirst(Brevity):
        """The later of the steps is better."""

        def judge(self, engine: Any, groups: Any, *, seed: int) -> Any:
            return [self.judgment(s, float(s.position), "") for group in groups for s in group.samples]

    del Brevity.registry["last_first"]
    (tree,) = grow(
        Scripted(replies=("same\nnext",)), prompts=PROMPTS[:1], algorithm="beam", branch=2, budget=3, judge=LastFirst()
    )
    assert paths(tree) == ["", "same\n", "same\nsame\n"]


def test_a_blank_text_that_was_cut_off_is_not_written_on_from() -> None:
    class Thinker(Writer):
        """Thinks until it is cut off."""

        def _completion(self, text: str, n: int) -> Completion:
            return Completion("", "length", 9) if n == 0 else super()._completion(text, n)

    del Engine.registry["thinker"]
    (tree,) = grow(Thinker(), prompts=PROMPTS[:1], branch=2, budget=3)
    assert [s.text for s in tree[0].samples] == ["", "b0\n"]
    assert paths(tree) == ["", "b0\n", "b0\nb1\n"]


def test_a_step_after_which_nothing_could_be_asked_is_still_a_leaf() -> None:
    class Stops(Writer):
        """Cannot be asked about anything but the prompt."""

        def _completion(self, text: str, n: int) -> Completion:
            return super()._completion("fail" if text else text, n)

    del Engine.registry["stops"]
    (tree,) = grow(Stops(), prompts=PROMPTS[:1], branch=2, budget=3)
    assert [s.extra["is_expanded"] for group in tree for s in group.samples] == [False, False]


def test_what_cannot_be_written_on_from_is_left_and_a_prompt_that_cannot_be_answered_says_why() -> None:
    bad = [PROMPTS[0], prompt("fail", id=13)]
    bad[1].messages.append({"role": "assistant", "content": "fail"})
    good, failed = grow(prompts=bad, branch=2, budget=2)
    assert len(good) == 2
    assert [(len(g.samples), g.samples[0].failure.kind) for g in failed] == [(1, FailureKind.context)]


def test_a_cut_step_says_so() -> None:
    engine = Scripted(replies=("one two three\nfour",))
    (tree,) = grow(engine, prompts=PROMPTS[:1], branch=1, budget=1, max_tokens=2)
    (sample,) = tree[0].samples
    assert (sample.text, sample.finish_reason, sample.extra["is_whole"]) == ("one two", "length", False)
    assert sample.extra[GOES_ON]


def test_the_same_seed_makes_the_same_trees() -> None:
    engine = Scripted(replies=("a\nb", "c\nd\ne", "f", "g\nh"))
    assert grow(engine, branch=3, budget=4, seed=5) == grow(engine, branch=3, budget=4, seed=5)
    assert grow(engine, branch=3, budget=4, seed=5) != grow(engine, branch=3, budget=4, seed=6)


@pytest.mark.parametrize(
    ("knobs", "text"),
    [
        ({"judge": Brevity(), "value_by": "scorer"}, "not by both"),
        ({"algorithm": "beam"}, "nothing rates them"),
        ({"judge": ExactMatch()}, "looks at known answers"),
        ({"judge": Novelty()}, "more than the steps of one node"),
    ],
)
def test_searches_that_cannot_be_guided_so_are_refused(knobs: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        TreeSearch(**knobs)


def test_it_says_whom_it_asks_and_how_much() -> None:
    assert TreeSearch(value_by="scorer").asked_roles == {"scorer": Ability.rate}
    assert TreeSearch(value_by="scorer").optional_roles == {"scorer"}
    assert TreeSearch(value_by="scorer", algorithm="beam").optional_roles == frozenset()
    compared = TreeSearch(judge=PairwiseSwapped(max_tokens=9), branch=3, budget=2)
    assert (compared.asked_roles, compared.asks_per_prompt) == ({"judge": Ability.complete}, (2 * 3 * 2, 9))
    assert (compared.samples_per_prompt, compared.groups_per_prompt) == (6, 2)
    assert TreeSearch(judge=Brevity()).asked_roles == {}
