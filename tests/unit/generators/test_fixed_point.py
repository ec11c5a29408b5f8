import pytest
from pydantic import ValidationError

from backend.engines.scripted import Scripted
from backend.generators.fixed_point import FixedPoint
from backend.values import Sample
from tests.groups import prompt


def generated_samples(engine: Scripted, *asked: str, **knobs) -> list[Sample]:
    samples = FixedPoint(**knobs).generate(engine, [prompt(text, id=n) for n, text in enumerate(asked, 1)], seed=1)
    return [entry for several in samples for entry in several]


CHAIN = Scripted(
    rules=(
        {"pattern": "Draft: plan one$", "reply": "plan two"},
        {"pattern": "Draft: plan two$", "reply": "plan three"},
        {"pattern": "Draft: plan three$", "reply": "Plan three."},
        {"pattern": "(?m)Draft: good$", "reply": "good"},
        {"pattern": "Draft: this$", "reply": "that"},
        {"pattern": "Draft: that$", "reply": "this"},
        {"pattern": "Draft: gone$", "reply": " "},
        {"pattern": "Draft: broken$", "reply": "no room", "fails": "context"},
        {"pattern": "^long$", "reply": "plan one"},
        {"pattern": "^done$", "reply": "good"},
        {"pattern": "^round$", "reply": "this"},
        {"pattern": "^empty$", "reply": "gone"},
        {"pattern": "^fails$", "reply": "broken"},
    )
)
REVISE = "{prompt}\nDraft: {response}"


def test_a_chain_goes_on_until_the_text_stops_changing():
    (text,) = generated_samples(CHAIN, "long", template=REVISE)
    assert text.text == "Plan three."
    assert text.extra == {"revisions": 3, "unchanged": True, "before": ["plan one", "plan two", "plan three"]}
    assert (text.position, text.logprob, text.finish_reason) == (0, None, "stop")


def test_a_draft_that_is_good_already_is_revised_once():
    (text,) = generated_samples(CHAIN, "done", template=REVISE)
    assert (text.text, text.extra["revisions"], text.extra["unchanged"]) == ("good", 1, True)


def test_what_never_settles_stops_after_so_many_revisions():
    (text,) = generated_samples(CHAIN, "round", template=REVISE, max_revisions=4)
    assert (text.text, text.extra["revisions"], text.extra["unchanged"]) == ("this", 4, False)
    assert [generated_samples(CHAIN, "long", template=REVISE, max_revisions=n)[0].text for n in (1, 2)] == [
        "plan two",
        "plan three",
    ]


def test_texts_that_are_nearly_alike_may_count_as_unchanged():
    # "plan two" after "plan one": ROUGE-L 2 * 1 / 4.
    (text,) = generated_samples(CHAIN, "long", template=REVISE, alike=0.5)
    assert (text.text, text.extra["revisions"], text.extra["unchanged"]) == ("plan two", 1, True)


def test_an_empty_revision_ends_the_chain_and_a_failed_one_leaves_the_text_before():
    empty, failed = generated_samples(CHAIN, "empty", "fails", template=REVISE)
    assert (empty.text, empty.extra["unchanged"]) == (" ", False)
    assert (failed.text, failed.failure) == ("broken", None)
    assert failed.extra == {"revisions": 0, "unchanged": False, "before": [], "stopped": "no room"}


def test_a_draft_that_could_not_be_made_is_a_failure():
    engine = Scripted(rules=({"pattern": "x", "reply": "no room", "fails": "context"},))
    (text,) = generated_samples(engine, "x")
    assert text.failure is not None


def test_chains_of_a_batch_are_what_they_are_alone():
    together = [sample.text for sample in generated_samples(CHAIN, "long", "done", "round", template=REVISE)]
    assert together == [generated_samples(CHAIN, asked, template=REVISE)[0].text for asked in ("long", "done", "round")]


def test_several_chains_of_a_prompt_stand_beside_each_other():
    texts = generated_samples(Scripted(replies=("a", "b")), "x", n=3, temperature=1.0, max_revisions=1)
    assert [text.position for text in texts] == [0, 1, 2]
    part = FixedPoint(n=3, max_revisions=4)
    assert (part.samples_per_prompt, part.texts_per_sample) == (3, 5)


def test_a_template_that_hides_the_draft_is_refused():
    with pytest.raises(ValidationError, match=r"lacks \{response\}"):
        FixedPoint(template="{prompt}")


def test_another_operator_is_a_change_and_another_full_stop_is_none():
    engine = Scripted(
        rules=(
            {"pattern": "^sum$", "reply": "3 + 5"},
            {"pattern": r"Draft: 3 \+ 5$", "reply": "3 - 5"},
            {"pattern": "Draft: 3 - 5$", "reply": "3 - 5."},
        )
    )
    (text,) = generated_samples(engine, "sum", template=REVISE)
    assert (text.text, text.extra["revisions"], text.extra["unchanged"]) == ("3 - 5.", 2, True)
