"""Known answers as samples."""

from backend.generators.own_answers import OwnAnswers
from backend.recipes import Step
from backend.values import ImportedCompletion, Prompt

ASKED = [{"role": "user", "content": "q"}]
PROMPTS = [
    Prompt(7, ASKED, "an answer of 20 char"),
    Prompt(8, ASKED, None, imported=(ImportedCompletion("brought"),)),
    Prompt(9, ASKED, "4"),
]


def test_each_known_answer_is_a_sample_and_a_prompt_without_one_has_none() -> None:
    samples = OwnAnswers().generate(None, PROMPTS, seed=1)
    assert [[(s.prompt_id, s.text, s.position, s.kind, s.finish_reason) for s in group] for group in samples] == [
        [(7, "an answer of 20 char", 0, "import", "stop")],
        [],
        [(9, "4", 0, "import", "stop")],
    ]
    # Four characters to a token; none is shorter than one.
    assert [s.num_tokens for group in samples for s in group] == [5, 1]


def test_it_asks_no_model_and_takes_no_completions_of_files() -> None:
    part = OwnAnswers(max_tokens=9)
    assert (part.needs_engine, part.takes_answers, part.takes_imported) == (False, True, False)
    assert (part.samples_per_prompt, part.max_tokens_per_sample) == (0, 9)


def test_its_step_acts_as_data() -> None:
    assert Step(OwnAnswers()).by == "data"
    assert Step(OwnAnswers(), by="teacher").by == "teacher"
