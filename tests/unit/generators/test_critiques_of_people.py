"""People's critiques as samples about a text, with a model's own where there are none, beside them, or never."""

import pytest

from backend.engines.scripted import Scripted
from backend.generators.critiques_of_people import CritiquesOfPeople
from backend.prompt_sources.ask import Ask
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.recipes import _parts as parts
from backend.values import ImportedCompletion, Prompt

WRITER = Scripted(replies=("by a model",))
ASKED = [{"role": "user", "content": "What is wrong with it?"}]
PROMPTS = (
    Prompt(1, ASKED, imported=(ImportedCompletion("too long", {"question": "why"}), ImportedCompletion("wrong"))),
    Prompt(2, ASKED),
)


@pytest.mark.parametrize(
    ("own", "texts"),
    [
        ("missing", [["too long", "wrong"], ["by a model"]]),
        ("beside", [["by a model", "too long", "wrong"], ["by a model"]]),
        ("never", [["too long", "wrong"], []]),
    ],
)
def test_whose_critiques_there_are(own: str, texts: list[list[str]]) -> None:
    samples_of = CritiquesOfPeople(own=own).generate(WRITER, PROMPTS, seed=1)
    assert [[sample.text for sample in several] for several in samples_of] == texts
    assert [[sample.position for sample in several] for several in samples_of] == [
        list(range(len(some))) for some in texts
    ]
    assert [sample.kind for sample in samples_of[0]][-2:] == ["import", "import"]


def test_it_needs_questions_about_texts() -> None:
    after = (parts.ExactMatch(), parts.AboveThreshold(threshold=1.0), parts.SFT())
    first = (PromptSet(), parts.Sample(n=1))
    Recipe(name="x", title="X", steps=(*first, Ask(), CritiquesOfPeople(), Ask(strip=True), parts.Sample(n=1), *after))
    with pytest.raises(ValueError, match="asks about no text"):
        Recipe(name="x", title="X", steps=(PromptSet(), CritiquesOfPeople(), *after))
