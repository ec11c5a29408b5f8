"""What a judge that raises for a batch says of the samples that it does not raise for."""

from collections.abc import Iterator, Sequence

import pytest

from backend.db import tables
from backend.engines import Engine
from backend.engines.scripted import Scripted
from backend.errors import PromptError
from backend.jobs import JobProgress
from backend.judges import Judge
from backend.judges.exact_match import ExactMatch
from backend.judges.majority_vote import MajorityVote
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.judges.relative_length import RelativeLength
from backend.pipeline.judge import judge_batch
from backend.pipeline.stage import StageContext
from backend.recipes import Recipe
from backend.recipes import _parts as parts
from backend.values import Group, Judgment, Stage, Verdict
from tests.groups import prompt, sample

TEXTS = ("#### 4", "#### 4", "#### 5", "bad")


def group(*texts: str) -> Group:
    return Group(prompt(answer="4"), tuple(sample(n, text, position=n - 1) for n, text in enumerate(texts, start=1)))


@pytest.fixture
def raising() -> Iterator[dict[type[Judge], type[Judge]]]:
    """Of each judge one that raises for whatever holds the text `bad`; what the registry holds stays as it is."""
    before, result = dict(Judge.registry), dict[type[Judge], type[Judge]]()
    for base in (MajorityVote, ExactMatch, PairwiseSwapped, RelativeLength):

        class Raising(base):  # type: ignore[valid-type, misc]
            def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
                if any("bad" in completion.text for some in groups for completion in some.samples):
                    raise ValueError("no reading")
                return list(super().judge(engine, groups, seed=seed))

        result[base] = Raising
    yield result
    Judge.registry.clear()
    Judge.registry.update(before)


def judged(judge: Judge, *groups: Group, engine: Engine | None = None) -> tuple[dict[int, Judgment], dict[int, str]]:
    recipe = Recipe(
        name="x",
        title="X",
        steps=(parts.PromptSet(), parts.Sample(n=4), judge, parts.AboveThreshold(), parts.SFT()),
    )
    round_ = tables.Round(id=1, seed=1, phase=0, recipe=recipe.model_dump(mode="json"))
    stage = StageContext(0, 0, round_, recipe, JobProgress(0, 0), Stage.judge, number=2)
    judgments, failed = judge_batch(stage, engine, groups, 0)
    return {judgment.sample_id: judgment for judgment in judgments}, {
        judgment.sample_id: judgment.failure.reason for judgment in failed if judgment.failure
    }


def test_a_vote_is_taken_among_the_texts_that_can_be_read(raising: dict[type[Judge], type[Judge]]) -> None:
    """One text alone always has the majority: 4 would be accepted, and 5 as well."""
    judgments, failed = judged(raising[MajorityVote](), group(*TEXTS))
    assert {n: (judgment.score, judgment.verdict) for n, judgment in judgments.items()} == {
        1: (pytest.approx(2 / 3), Verdict.accept),
        2: (pytest.approx(2 / 3), Verdict.accept),
        3: (pytest.approx(1 / 3), Verdict.reject),
    }
    assert failed == {4: "Unexpected ValueError: no reading"}


def test_a_verifier_still_judges_each_text(raising: dict[type[Judge], type[Judge]]) -> None:
    judgments, failed = judged(raising[ExactMatch](), group(*TEXTS), group("#### 4"))
    assert ([judgments[n].score for n in (1, 2, 3)], list(failed)) == ([1.0, 1.0, 0.0], [4])


def test_texts_that_a_model_compares_are_compared_without_the_one_that_fails(
    raising: dict[type[Judge], type[Judge]],
) -> None:
    with Scripted(rules=[{"pattern": ".", "reply": "Winner: A"}]) as engine:
        judgments, failed = judged(raising[PairwiseSwapped](), group(*TEXTS), engine=engine)
    assert (sorted(judgments), list(failed)) == ([1, 2, 3], [4])
    assert all(judgment.score is not None for judgment in judgments.values()), "a text alone is compared with nothing"


def test_where_no_text_fails_alone_all_of_the_group_fail() -> None:
    """The server refuses what is asked of two texts, and of one alone nothing is asked."""

    class Refusing(Scripted):
        def complete(self, prompts, sampling):  # type: ignore[no-untyped-def]
            raise PromptError("It is too long.")

    before = dict(Engine.registry)
    judgments, failed = judged(PairwiseSwapped(), group("#### 4", "#### 5"), engine=Refusing(rules=[]))
    Engine.registry.pop("refusing")
    assert {**Engine.registry} == {name: value for name, value in before.items() if name != "refusing"}
    assert (judgments, failed) == ({}, {1: "It is too long.", 2: "It is too long."})


def test_who_has_to_see_all_groups_judges_none_of_them_apart(raising: dict[type[Judge], type[Judge]]) -> None:
    with pytest.raises(ValueError, match="no reading"):
        judged(raising[RelativeLength](), group(*TEXTS), group("#### 4"))
