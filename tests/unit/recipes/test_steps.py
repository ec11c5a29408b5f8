"""Recipes as lists of steps: the shorthand, what each step works on, and what is refused."""

import json

import pytest
from pydantic import ValidationError

from backend import recipes
from backend.errors import InvalidInput, UnknownPart
from backend.generators.own_answers import OwnAnswers
from backend.generators.sample import Sample
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.agrees_with_label import AgreesWithLabel
from backend.judges.by_construction import ByConstruction
from backend.judges.exact_match import ExactMatch
from backend.judges.from_children import FromChildren
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.judges.read_score import ReadScore
from backend.metrics.correction_flips import CorrectionFlips
from backend.metrics.length import Length
from backend.mixers.deduplicate import Deduplicate
from backend.mixers.difficulty_band import DifficultyBand
from backend.mixers.seed_share import SeedShare
from backend.prompt_sources.adopt import Adopt
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.few_shot_prompts import FewShotPrompts
from backend.prompt_sources.prompt_set import PromptSet
from backend.prompt_sources.widest import Widest
from backend.recipes import Phase, Recipe, Step
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.anchored_pairs import AnchoredPairs
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.selectors.improved_revisions import ImprovedRevisions
from backend.selectors.revision_pairs import RevisionPairs
from backend.selectors.signed_examples import SignedExamples
from backend.selectors.unpaired import Unpaired
from backend.trainers.dpo import DPO
from backend.trainers.negative_aware_sft import NegativeAwareSFT
from backend.trainers.sft import SFT
from backend.values import Stage

SLOTS = recipes.get("self_rewarding").model_dump(mode="json")
META = (
    PromptSet(),
    Step(Sample(n=7), name="answers"),
    Ask(),
    Sample(n=11),
    ReadScore(),
    FromChildren(),
    Step(BestVersusWorst(), of="answers"),
    Widest(),
    PairwiseSwapped(),
    BestVersusWorst(),
    DPO(),
)
HINT = Ask(template="{prompt} {answer}", about="failed")


def recipe(*steps, **more) -> Recipe:
    return Recipe(name="x", title="X", steps=steps, **more)


def refusal(*steps, **more) -> str:
    with pytest.raises(ValidationError) as error:
        recipe(*steps, **more)
    return error.value.errors()[0]["msg"].removeprefix("Value error, ")


def test_slots_are_five_steps_and_are_written_as_slots_again():
    read = Recipe.model_validate(SLOTS)
    assert [step.kind for step in read.phases[0].steps] == [
        "prompt_source",
        "generator",
        "judge",
        "selector",
        "trainer",
    ]
    assert [step.by for step in read.phases[0].steps][1:3] == ["policy", "judge"]
    assert read.model_dump(mode="json") == SLOTS
    assert read.is_slots


def test_steps_in_the_order_of_slots_are_the_same_recipe():
    read = Recipe.model_validate(SLOTS)
    steps = [step.part for step in read.phases[0].steps]
    beside = {name: getattr(read, name) for name in ("name", "title", "paper", "schedule", "metrics")}
    assert Recipe(**beside, steps=steps) == read


def test_a_recipe_of_steps_survives_json():
    result = recipe(*META, metrics=(Length(),), product="policy", unparsed_limit=0.2)
    data = json.loads(result.model_dump_json())
    assert [step["kind"] for step in data["steps"]][:3] == ["prompt_source", "generator", "prompt_source"]
    assert data["steps"][1]["name"] == "answers"
    assert Recipe.model_validate(data) == result
    assert not result.is_slots


def test_phases_survive_json_and_the_last_repeats():
    result = Recipe(
        name="x",
        title="X",
        phases=(
            Phase(PromptSet(), Sample(), ExactMatch(), AboveThreshold(), SFT(), rounds=2),
            Phase(PromptSet(), Sample(), AdditiveRubric(), BestVersusWorst(), DPO()),
        ),
    )
    assert Recipe.model_validate(result.model_dump(mode="json")) == result
    assert [result.phase_of(n) for n in range(5)] == [0, 0, 1, 1, 1]
    assert result.places(7)[4].step.part.name == "dpo"


def test_what_each_step_works_on_is_one_line():
    assert recipe(*META).lines() == [
        "1. prompt source: prompt_set, works on: the round's prompt sets",
        "2. generator: sample, works on: prompt_set (step 1), by: policy",
        "3. prompt source: ask, works on: answers (step 2)",
        "4. generator: sample, works on: ask (step 3), by: policy",
        "5. judge: read_score, works on: sample (step 4)",
        "6. judge: from_children, works on: sample (step 4)",
        "7. selector: best_versus_worst, works on: answers (step 2)",
        "8. prompt source: widest, works on: sample (step 4)",
        "9. judge: pairwise_swapped, works on: sample (step 4), chosen by widest (step 8), by: judge",
        "10. selector: best_versus_worst, works on: sample (step 4), chosen by widest (step 8)",
        "11. trainer: dpo, works on: the rows of step 7 and step 10, starts from: policy, makes: policy",
    ]


def test_people_decide_before_the_first_step_that_reads_labels():
    assert recipe(*META).gate() == 6
    assert Recipe.model_validate(SLOTS).gate() == 3
    hinted = (PromptSet(), Sample(), ExactMatch(), HINT, Sample(), ExactMatch(), AboveThreshold(), SFT())
    assert recipe(*hinted).gate() == 3
    assert recipe(PromptSet(), Sample(), ExactMatch()).gate() is None


def test_two_generators_on_the_same_questions_stand_side_by_side():
    result = recipe(
        PromptSet(),
        Sample(),
        Step(Sample(), by="base"),
        ExactMatch(),
        BestVersusWorst(),
        Step(DPO(), name="future"),
        Step(Sample(), by="future"),
        ExactMatch(),
        BestVersusWorst(),
        DPO(),
    )
    places = result.places()
    assert [places[n].texts for n in (3, 7)] == [(1, 2), (1, 2, 6)]
    # Each training reads what was selected since the one before.
    assert [places[n].rows for n in (5, 9)] == [(4,), (8,)]
    assert [places[n].step.makes for n in (5, 9)] == ["future", "policy"]


def test_of_means_the_groups_as_that_step_left_them():
    result = recipe(
        PromptSet(),
        Sample(),
        ReadScore(),
        Step(Widest(), name="wide"),
        Sample(),
        Ask(),
        Sample(),
        ReadScore(),
        Step(BestVersusWorst(), of="wide"),
        DPO(),
    )
    places = result.places()
    assert (places[8].source, places[8].narrowed) == (0, 3)
    assert (places[7].source, places[7].narrowed) == (5, None)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            (Sample(),),
            "Step 1 (generator sample) has no questions to work on. Put a prompt source before it, such as prompt_set.",
        ),
        (
            (Ask(), Sample()),
            "Step 1 (prompt source ask) reads groups, but no step before it asks anything. Begin with prompt_set.",
        ),
        (
            (PromptSet(), ExactMatch()),
            "Step 2 (judge exact_match) has no texts to work on: nobody answers the questions "
            "of step 1. Put a generator before it, or say with `of` which step's groups it "
            "works on.",
        ),
        (
            (PromptSet(), Sample(), Ask()),
            "Step 3 (prompt source ask) asks what nobody answers. Put a generator after it, or remove it.",
        ),
        (
            (PromptSet(), Sample(), ReadScore(), Widest()),
            "Step 4 (prompt source widest) chooses among groups that no later step works on. Move or remove it.",
        ),
        (
            (PromptSet(), Sample(), FromChildren()),
            "Step 3 (judge from_children) judges the texts that questions are "
            "about, but those of step 1 (prompt_set) are about no text. Put a "
            "source before it that asks about each text, such as ask.",
        ),
        ((PromptSet(), Sample(), HINT, Sample(), FromChildren()), "those of step 3 (ask) are about no text."),
        (
            (PromptSet(), Sample(), ExactMatch(), ImprovedRevisions(), SFT()),
            "Step 4 (selector improved_revisions) compares "
            "texts with those that questions are about, but those of step 1 (prompt_set) are about no text. Put a source "
            "before it that asks about each text, such as ask.",
        ),
        ((PromptSet(), Sample(), AgreesWithLabel()), "Step 3 (judge agrees_with_label) compares texts with those that"),
        (
            (PromptSet(), Sample(), Ask(), Sample(), ExactMatch(), RevisionPairs(), DPO()),
            "Step 6 (selector "
            "revision_pairs) puts a text and its draft into one row, but they answer different questions: those of step 3 "
            "(ask) stay in training rows. Turn its knob strip on.",
        ),
        (
            (PromptSet(), Sample(conditions={"good": "{prompt}"}), ByConstruction(accepted=("better",))),
            "Step 3 (judge "
            "by_construction) judges texts by their origin 'better', but in its groups there are only those of good and "
            "policy. Name one of these, or put a generator with that condition or role before it.",
        ),
        (
            (PromptSet(), Sample(), Step(ExactMatch(), of="answers")),
            "Step 3 (judge exact_match) works on 'answers', but "
            "no step before it has that name. Named so far: none "
            "has a name yet.",
        ),
        (
            (PromptSet(), Step(Sample(), name="a"), Step(ExactMatch(), name="a")),
            "Step 3 (judge exact_match, named a) has the name of step 2. Give each step a name of its own.",
        ),
        (
            (PromptSet(), Step(Sample(), name="base")),
            "Step 2 (generator sample, named base) has a name that means something else. Choose another one.",
        ),
        (
            (PromptSet(), Sample(), Step(ExactMatch(), roles=("base",))),
            "Step 3 (judge exact_match) looks at samples by "
            "'base', but in its groups only policy wrote so "
            "far. Name one that did, or leave `roles` out.",
        ),
        (
            (PromptSet(), Sample(), AnchoredPairs(), DPO()),
            "Step 3 (selector anchored_pairs) looks at samples by 'base', "
            "but in its groups only policy wrote so far. Name one that "
            "did, or put a generator that acts as it before.",
        ),
        (
            (PromptSet(), Step(Sample(), name="a"), ExactMatch(), AboveThreshold(), Step(SFT(), of="a")),
            "Step 5 (trainer sft) reads the rows of the selectors before it, so `of` means nothing there. Leave it out.",
        ),
        (
            (Step(PromptSet(), roles=("base",)), Sample()),
            "Step 1 (prompt source prompt_set) looks at no samples, so `roles` means nothing there. Leave it out.",
        ),
        (
            (PromptSet(), Sample(), ExactMatch(), SFT()),
            "Step 4 (trainer sft) has nothing to train on. Put a selector before it.",
        ),
        (
            (PromptSet(), Sample(), ExactMatch(), AboveThreshold()),
            "Step 4 (selector above_threshold) keeps rows that no trainer reads. Add a trainer after it, or remove it.",
        ),
        (
            (PromptSet(), Sample(), ExactMatch(), AboveThreshold(), BestVersusWorst(), DPO()),
            "Step 4 (selector above_threshold) makes prompt_completion examples, but Step 6 (trainer dpo) trains on "
            "preference. Choose a selector and a trainer that fit, or train twice.",
        ),
        (
            (PromptSet(), Sample(), ExactMatch(), Deduplicate(), SFT()),
            "Step 4 (mixer deduplicate) has no rows to work on. Put a selector before it.",
        ),
        (
            (PromptSet(), Sample(), ExactMatch(), AboveThreshold(), SFT(), Deduplicate()),
            "Step 6 (mixer deduplicate) has no rows to work on.",
        ),
        (
            (PromptSet(), Sample(), ExactMatch(), BestVersusWorst(), SeedShare(), DPO()),
            "Step 5 (mixer seed_share) mixes prompt_completion and language_modeling examples only, but Step 6 (trainer dpo) "
            "trains on preference. "
            "Remove the mixer, or choose another trainer.",
        ),
        (
            (PromptSet(), Step(Sample(), name="a"), ExactMatch(), AboveThreshold(), Step(Deduplicate(), of="a"), SFT()),
            "Step 5 (mixer deduplicate) reads the rows of the selectors before it, so `of` means nothing there.",
        ),
        (
            (FewShotPrompts(), Sample(), ExactMatch(), AboveThreshold(), SFT()),
            "Step 3 (judge exact_match) needs known "
            "answers, but there are none to what step 1 (few_shot_prompts) asks. Choose a part that needs none.",
        ),
        (
            (FewShotPrompts(), OwnAnswers(), AboveThreshold(), SFT()),
            "Step 2 (generator own_answers) needs known answers",
        ),
        (
            (FewShotPrompts(), Sample(), AdditiveRubric(), Adopt(), Sample(), ExactMatch(), AboveThreshold(), SFT()),
            "Step 6 (judge exact_match) needs known answers, but there are none to what step 4 (adopt) asks.",
        ),
        (
            (FewShotPrompts(), Sample(), AdditiveRubric(), Adopt()),
            "Step 4 (prompt source adopt) asks what nobody answers.",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_step_reason_and_way_out(steps, message):
    assert message in refusal(*steps)


def test_a_trainer_that_reads_a_column_needs_a_selector_that_writes_it():
    start = (PromptSet(), Sample(n=2), ExactMatch())
    assert refusal(*start, Unpaired(), NegativeAwareSFT()) == (
        "Step 5 (trainer negative_aware_sft) reads the column rate, which Step 4 (selector unpaired) does not write. "
        "Choose a selector that does, such as signed_examples."
    )
    fits = (*start, SignedExamples(), NegativeAwareSFT())
    assert recipe(*fits).trainer.reads == ("rate",)
    for knob in ({"mix_share": 0.1}, {"earlier_rounds": True}):
        assert "reads the column rate, which the rows that" in refusal(*fits, **knob)


def test_a_mixer_works_on_the_rows_before_it_and_the_trainer_reads_its_rows():
    result = recipe(
        PromptSet(),
        Step(Sample(), name="answers"),
        ExactMatch(),
        AboveThreshold(),
        Ask(),
        Sample(),
        ReadScore(),
        AboveThreshold(),
        Step(DifficultyBand(), of="answers"),
        Deduplicate(),
        SFT(),
    )
    places = result.places()
    assert [places[n].rows for n in (8, 9, 10)] == [(3, 7), (3, 7, 8), (3, 7, 8, 9)]
    assert places[8].source == 0
    assert result.lines()[8:10] == [
        "9. mixer: difficulty_band, works on: the rows of step 4 and step 8, looks at: answers (step 2)",
        "10. mixer: deduplicate, works on: the rows of step 4, step 8 and step 9",
    ]
    assert result.gate() == 3
    assert Recipe.model_validate(json.loads(result.model_dump_json())) == result


@pytest.mark.parametrize("knob", [{"mix_share": 0.2}, {"earlier_rounds": True}])
def test_the_knobs_that_add_rows_and_mixers_are_not_used_together(knob):
    steps = (PromptSet(), Sample(), ExactMatch(), AboveThreshold(), Deduplicate(), SFT())
    assert "put the mixers seed_share and earlier_rounds where the rows belong" in refusal(*steps, **knob)


def test_generators_that_write_prompts_to_be_answer_none():
    result = recipe(
        FewShotPrompts(), Sample(n=1), AdditiveRubric(), Adopt(), Sample(n=2), AdditiveRubric(), AboveThreshold(), SFT()
    )
    assert [part.n for part in result.answering()] == [2]
    assert [part.n for part in recipe(*META).answering()] == [7, 11]


def test_a_product_that_nobody_makes_is_refused():
    good = (PromptSet(), Sample(), ExactMatch(), AboveThreshold(), Step(SFT(), name="scorer"))
    assert recipe(*good, product="scorer").product == "scorer"
    assert refusal(*good, product="actor") == ("The product 'actor' is made by no step. Choose one of: policy, scorer.")


def test_a_phase_that_cannot_work_says_which_it_is():
    with pytest.raises(ValidationError, match=r"Phase 2: Step 1 \(generator sample\) has no questions"):
        Recipe(name="x", title="X", phases=(Phase(PromptSet(), Sample()), Phase(Sample())))


def test_what_is_no_step_is_refused():
    assert "The metric length cannot be a step" in refusal(PromptSet(), Length())
    with pytest.raises(UnknownPart, match="no step named 'metric'"):
        Recipe.model_validate({"name": "x", "title": "X", "steps": [{"kind": "metric", "part": {"name": "length"}}]})
    with pytest.raises(UnknownPart, match="no judge named 'oracle'"):
        Recipe.model_validate({"name": "x", "title": "X", "steps": [{"kind": "judge", "part": {"name": "oracle"}}]})
    with pytest.raises(ValidationError, match="is no name of a step or role"):
        Step(Sample(), name="two words")


def test_changes_call_a_step_by_its_name_or_its_only_kind():
    result = recipe(*META)
    changed = result.with_changes({"answers": {"n": 3}, "trainer": {"beta": 0.5}, "unparsed_limit": 0.1})
    parts = [step.part for step in changed.phases[0].steps]
    assert (parts[1].n, parts[3].n, parts[10].beta, changed.unparsed_limit) == (3, 11, 0.5, 0.1)
    swapped = result.with_changes({"answers": {"name": "imported"}})
    assert swapped.phases[0].steps[1].part.name == "imported"
    assert swapped.phases[0].steps[1].name == "answers"
    with pytest.raises(InvalidInput, match="has 2 steps of the kind generator"):
        result.with_changes({"generator": {"n": 3}})
    with pytest.raises(ValidationError):
        result.with_changes({"typo": 1})


def test_a_change_holds_in_every_phase():
    result = recipes.get("meta_rewarding").with_changes({"answers": {"n": 2}, "trainer": {"max_steps": 5}})
    assert [phase.steps[1].part.n for phase in result.phases] == [2, 2, 2, 2]
    assert [part.max_steps for part in result.of_kind("trainer")] == [5, 5, 5, 5]


def test_the_part_of_a_kind_is_there_where_it_is_the_only_one():
    result = recipe(*META)
    assert result.trainer.name == "dpo"
    with pytest.raises(InvalidInput, match="x has 3 steps of the kind judge"):
        _ = result.judge


def test_the_judge_whose_labels_people_see():
    data = recipe(*META).model_dump(mode="json")
    # Of the answers, which people are shown, the judge is the one that reads their children.
    assert recipes.judge_of(data)["name"] == "from_children"
    assert recipes.judge_of(SLOTS) == SLOTS["judge"]
    assert recipes.judge_of({"judge": {"accept_at": 3}}) == {"accept_at": 3}
    assert [recipes.cut_of(judge) for judge in ({"accept_at": 3}, {})] == [3.0, 0.5]


def test_where_jobs_begin_and_what_a_closed_review_goes_on_with():
    data = recipe(*META).model_dump(mode="json")
    assert recipes.first_job(data) == (Stage.generate, 1)
    assert recipes.job_after_people(data) == (Stage.select, 6)
    assert recipes.first_job(SLOTS) == (Stage.generate, 1)
    assert recipes.job_after_people(SLOTS) == (Stage.select, 3)
    hinted = recipe(PromptSet(), Sample(), ExactMatch(), HINT, Sample(), ExactMatch(), AboveThreshold(), SFT())
    # The question is asked at the start of the job that answers it.
    assert recipes.job_after_people(hinted.model_dump(mode="json")) == (Stage.generate, 4)


def test_a_metric_names_a_step_that_there_is():
    steps = PromptSet(), Step(Sample(), name="first"), ExactMatch(), AboveThreshold(), SFT()
    assert recipe(*steps, metrics=(CorrectionFlips(),)).metrics
    with pytest.raises(ValidationError, match=r"looks at the texts of 'second', but no generator has that name.*first"):
        recipe(*steps, metrics=(CorrectionFlips(turn="second"),))
