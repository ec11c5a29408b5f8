"""What prompt sources share that ask a model to write prompts."""

from backend.prompt_sources import PromptSource


class AsksForPrompts(PromptSource, abstract=True):
    """Its questions are answered by new prompts, which have no known answer yet."""

    @property
    def asks_for_prompts(self) -> bool:
        return True

    @property
    def knows_answers(self) -> bool:
        return False


class AsksBesideExamples(AsksForPrompts, abstract=True):
    """Asks as often as the round takes prompts, beside examples that the rounds above adopted, too."""

    @property
    def reads_own(self) -> bool:
        return True

    @property
    def repeats_pool(self) -> bool:
        return True
