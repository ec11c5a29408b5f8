"""What prompt sources share that ask tasks of an installed package."""

from backend.prompt_sources import PromptSource


class AsksPackageTasks(PromptSource, abstract=True):
    """Its tasks become prompts of a set that the round makes, asked as they are written, with the answers known."""

    @property
    def makes_answers(self) -> bool:
        return True

    @property
    def repeats_pool(self) -> bool:
        return True

    @property
    def asks_as_written(self) -> bool:
        return True

    @property
    def adopts(self) -> bool:
        return True
