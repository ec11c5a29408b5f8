"""What prompt sources share that choose among the groups before them."""

from backend.prompt_sources import PromptSource


class Narrowing(PromptSource, abstract=True):
    """Gives back some of the groups it reads, chosen by the scores of their samples."""

    @property
    def reads_groups(self) -> bool:
        return True

    @property
    def narrows(self) -> bool:
        return True

    @property
    def reads_labels(self) -> bool:
        return True
