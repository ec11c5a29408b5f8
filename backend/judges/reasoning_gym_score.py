"""Ask the verifier of a task of reasoning-gym (Stojanovski et al. 2025, arXiv 2505.24760)."""

from collections.abc import Sequence

from pydantic import Field, field_validator

from backend import answers, gym_tasks
from backend.engines import Engine
from backend.errors import InvalidInput
from backend.judges import Verifier, prompt_text
from backend.values import JSON, Group, Judgment, Sample


class ReasoningGymScore(Verifier):
    """Score what the data set of the task gives the sample's final answer: 1 right, 0 wrong, or something between.

    The task is made once more from the prompt's metadata, which the source `reasoning_gym` writes. A prompt that names
    no task, or one that the installed reasoning-gym makes otherwise, gives no score; nor does a sample without an
    answer, or one that was cut off before it said its answer. The answer is read as by `exact_match`. Verifiers that
    would run an answer as a program are not asked. Needs the package: `pip install rondo[gym]`.
    """

    accept_at: float = Field(1.0, gt=0, le=1, description="lowest score that is labelled accept")
    pattern: str = Field(
        "",
        description="regular expression whose last match holds the answer (group `answer` or the first); empty: "
        r"\boxed{}, <answer>, `####`, `answer:`, else the last number, letter, formula or line",
    )

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    def check_ready(self) -> None:
        gym_tasks.check()

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        gym_tasks.check()
        return [judgment for group in groups for judgment in self._of_group(group)]

    def _of_group(self, group: Group) -> list[Judgment]:
        task = gym_tasks.GymTask.of(group.prompt.metadata)
        why = "The prompt names no task of reasoning-gym."
        if task is not None:
            try:
                task_dataset, entry = gym_tasks.entry_of(task)
            except InvalidInput as error:
                why = error.message
            else:
                if entry["question"].strip() == prompt_text(group.prompt.messages).strip():
                    known = answers.Known.of(entry["answer"]) if isinstance(entry["answer"], str) else None
                    return [self._compare(sample, known, task_dataset, entry) for sample in group.samples]
                why = "The installed reasoning-gym makes another task of this number."
        return [self.judgment(sample, None, why) for sample in group.samples]

    def _compare(self, sample: Sample, known: answers.Known | None, dataset: object, entry: JSON) -> Judgment:
        answer = answers.find(sample.text, known, self.pattern)
        if answer is None:
            return self.judgment(sample, None, "No answer could be read in the sample.")
        if sample.finish_reason == "length" and not answer.is_marked:
            return self.judgment(sample, None, "The sample was cut off before it gave an answer.")
        score = gym_tasks.score(dataset, entry, answer.answer)
        return self.judgment(sample, score, f"Found {answer.answer}; its data set gives {score:g}.")
