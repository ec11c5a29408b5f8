"""Whether a launch looks for known answers in the prompt sets: not where a source makes them itself."""

from backend.recipes import Recipe, Step
from backend.recipes._parts import SFT, DocumentTasks, PromptSet, StepValue, TreeSearch, TreeTraces
from backend.services.plans import known_answers

TREE = (Step(TreeSearch(), name="tree"), StepValue(), TreeTraces(), SFT())


def tree_over(source: object) -> Recipe:
    return Recipe(name="x", title="x", paper="", steps=(source, *TREE))


def test_a_tree_over_tasks_made_of_documents_needs_none_of_the_sets() -> None:
    assert StepValue().needs_answer
    assert known_answers.comparing(tree_over(DocumentTasks())) == ""
    assert known_answers.comparing(tree_over(PromptSet())) == "step_value"
