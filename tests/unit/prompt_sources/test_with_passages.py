import math
from dataclasses import replace

import pytest
from pydantic import ValidationError

from backend.generators.sample import Sample
from backend.judges.exact_match import ExactMatch
from backend.passages import Index, passages
from backend.prompt_sources.adopt import Adopt
from backend.prompt_sources.evolve_prompts import EvolvePrompts
from backend.prompt_sources.prompt_set import PromptSet
from backend.prompt_sources.prompts_by_difficulty import PromptsByDifficulty
from backend.prompt_sources.with_passages import WithPassages
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.trainers.sft import SFT
from backend.values import Group
from tests.groups import prompt, sample

TIDES = prompt("The tide turns at noon. Ships sail then.", id=1)
CATS = prompt("Cats sleep at noon.", id=2)
SEED = prompt("When does the tide turn?", id=3, answer="At noon.")
POOL = [TIDES, CATS, SEED]
QUESTION = Group(prompt("When do ships sail?", id=9), parent=sample(5, "When do ships sail?"), id=7)


def ask(*groups: Group, **knobs) -> list[Group]:
    return WithPassages(template="{passages}|{prompt}", **knobs).ask(groups, POOL, limit=1, seed=0)


def refusal(*steps) -> str:
    with pytest.raises(ValidationError) as error:
        Recipe(name="x", title="X", steps=(*steps, AboveThreshold(), SFT()))
    return error.value.errors()[0]["msg"].removeprefix("Value error, ")


def test_a_document_is_cut_at_sentences():
    text = "One is here. Two is there! Three?\n\nFour"
    assert passages(text, 26) == ["One is here. Two is there!", "Three? Four"]
    assert passages("abcdef", 4) == ["abcd", "ef"]
    assert passages(" \n", 9) == []


def test_bm25_by_hand():
    # Three texts of 2, 2 and 4 words, 8 / 3 on average; `a` stands in two of them, `d` in one.
    index = Index(["a b", "c d", "a a b e"])
    assert index.best("a", 9) == [2, 0]
    assert index.best("d a", 9) == [1, 2, 0]
    assert index.best("d a", 1) == [1]
    assert index.best("z", 9) == []
    rare, common = math.log(1 + 2.5 / 1.5), math.log(1 + 1.5 / 2.5)
    of_two = 2.5 / (1 + 1.5 * (0.25 + 0.75 * 2 / (8 / 3)))
    of_four = 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * 4 / (8 / 3)))
    # (0.981 * 1.126, 0.470 * 1.233, 0.470 * 1.126): in this order, as found above.
    assert rare * of_two > common * of_four > common * of_two
    assert Index([]).best("a", 3) == []


def test_the_passages_most_like_a_question_stand_beside_it_and_seeds_are_none():
    (group,) = ask(QUESTION, number=1)
    assert group.prompt.messages[0]["content"] == "The tide turns at noon. Ships sail then.|When do ships sail?"
    (both,) = ask(replace(QUESTION, prompt=prompt("What happens at noon?", id=9)), number=5)
    shown = both.prompt.messages[0]["content"].split("|")[0].split("\n\n")
    assert set(shown) == {"The tide turns at noon. Ships sail then.", "Cats sleep at noon."}
    (none,) = ask(replace(QUESTION, prompt=prompt("Why?", id=9)))
    assert none.prompt.messages[0]["content"] == "|Why?"


def test_training_rows_get_the_question_alone():
    (group,) = ask(QUESTION)
    assert (group.trained, group.prompt.id, group.parent, group.id) == (QUESTION.prompt.messages, 9, QUESTION.parent, 0)
    assert WithPassages().is_stripped


def test_a_questions_own_document_is_the_one_it_was_written_about():
    (group,) = ask(QUESTION, take="own")
    assert group.prompt.messages[0]["content"].startswith("The tide turns at noon. Ships sail then.|")
    of_cats = replace(QUESTION, parent=sample(6, prompt_id=2))
    gone = replace(QUESTION, parent=sample(6, prompt_id=99))
    assert [entry.prompt.messages[0]["content"].split("|")[0] for entry in ask(of_cats, gone, take="own")] == [
        "Cats sleep at noon."
    ]
    # Of more passages than are shown the likeliest are, in the order of the text.
    long = prompt("Ships wait here for the tide of the evening. Nobody is awake. Then all ships sail at last.", id=1)
    source = WithPassages(take="own", number=2, max_chars=45, template="{passages}|{prompt}")
    (group,) = source.ask([QUESTION], [long], limit=1, seed=0)
    assert group.prompt.messages[0]["content"].split("|")[0].split("\n\n") == [
        "Ships wait here for the tide of the evening.",
        "Nobody is awake. Then all ships sail at last.",
    ]


def test_it_asks_prompts_as_they_stand():
    steps = (PromptSet(), WithPassages(), Sample(), ExactMatch(), AboveThreshold(), SFT())
    places = Recipe(name="x", title="X", steps=steps).places()
    assert (places[1].source, places[2].source) == (0, 1)
    assert Recipe(name="x", title="X", steps=(PromptsByDifficulty(), *steps[1:]))
    written = (EvolvePrompts(), Sample(n=1))
    assert Recipe(
        name="x",
        title="X",
        steps=(
            *written,
            Adopt(),
            WithPassages(take="own"),
            Sample(),
            AboveThreshold(),
            SFT(),
        ),
    )
    assert "asks prompts once more, and training rows get them as they are" in refusal(
        *written, WithPassages(), Sample()
    )
    assert "written about documents, but those of step 1 (prompt_set) are about no text" in refusal(
        PromptSet(), WithPassages(take="own"), Sample()
    )
    # Nobody knows the answer to an adopted prompt, with or without passages.
    assert "Step 6 (judge exact_match) needs known answers" in refusal(
        *written, Adopt(), WithPassages(), Sample(), ExactMatch()
    )
    assert "has no texts to work on" in refusal(PromptSet(), Sample(), PromptSet(), WithPassages())


def test_a_template_has_to_show_both():
    with pytest.raises(ValueError, match=r"does not hold \{passages\}"):
        WithPassages(template="{prompt}")
    with pytest.raises(ValueError, match=r"does not hold \{prompt\}"):
        WithPassages(template="{passages}")
