"""Singh et al. 2023 (ReST-EM), arXiv 2312.06585: what makes it that method; and its relatives by one change."""

from backend import recipes
from backend.values import DatasetType
from tests.groups import prompt
from tests.integration.recipes.loop import Lines, run

RECIPE = recipes.get("rejection_sampling")


def test_keeps_right_answers_only_and_ten_at_most():
    # 32 samples: 12 right ones in different words, then 20 wrong ones.
    lines = [f"way {n}\n#### 4" for n in range(12)] + [f"way {n}\n#### 5" for n in range(20)]
    loop = run(RECIPE, Lines(lines=tuple(lines)), prompt("2+2?", answer="4"))
    assert [(n, s.n, s.temperature, s.top_k) for n, s in loop.asked] == [(1, 32, 0.7, 40)]
    assert [s.score for s in loop.group.samples] == [1.0] * 12 + [0.0] * 20
    texts = {s.id: s.text for s in loop.group.samples}
    kept = [texts[e.sample_id] for e in loop.selection.examples]
    assert len(set(kept)) == 10
    assert all(text.endswith("4") for text in kept)
    assert loop.selection.dropped == {"below threshold": 20, "over max_per_prompt": 2}


def test_the_verifier_needs_no_model():
    loop = run(RECIPE, Lines(lines=("4",)), prompt("2+2?", answer="4"))
    assert len(loop.asked) == 1
    assert not RECIPE.judge.needs_engine


def test_prompt_without_a_right_sample_gives_nothing():
    loop = run(RECIPE, Lines(lines=("5",)), prompt("2+2?", answer="4"))
    assert (loop.selection.examples, loop.selection.dropped) == ([], {"below threshold": 32})


def test_fine_tunes_on_the_newest_samples_alone():
    assert RECIPE.trainer.name == "sft"
    assert RECIPE.selector.makes is DatasetType.prompt_completion
    assert (RECIPE.earlier_rounds, RECIPE.mix_share) == (False, 0.0)


def test_with_a_vote_for_a_verifier_it_needs_no_known_answers():
    # Huang et al. 2022: every sample that reaches the majority answer is kept, without a threshold on the share.
    voted = RECIPE.with_changes(
        {
            "judge": {"name": "majority_vote", "accept_at": 0.0},
            "selector": {"threshold": 0.4, "max_per_prompt": 0},
            "generator": {"n": 5},
        }
    )
    loop = run(voted, Lines(lines=("a 4\n4", "b 4\n4", "x\n5", "y\n6", "z\n7")), prompt("2+2?"))
    assert {e.sample_id for e in loop.selection.examples} == {1, 2}


def test_with_a_written_verdict_the_policy_judges_itself():
    judged = RECIPE.with_changes({"judge": {"name": "written_verdict"}, "generator": {"n": 2}})
    engine = Lines(
        lines=("five", "four"), marker="Find out whether", verdicts={"five": ("no;N",), "four": ("2+2=4;Y",)}
    )
    loop = run(judged, engine, prompt("2+2?"))
    assert [s.score for s in loop.group.samples] == [0.0, 1.0]
    assert [e.sample_id for e in loop.selection.examples] == [2]
