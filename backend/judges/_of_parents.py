"""What judges of the texts that questions are about share."""

from backend.judges import Verifier


class ParentVerifier(Verifier, abstract=True):
    """Judges the groups' parents by the samples that answer the questions about them.

    It sees all groups in one call, as the questions about one text may stand in several batches, and says nothing of a
    text where nothing that counts answers them.
    """

    @property
    def judges_parents(self) -> bool:
        return True

    @property
    def needs_all_groups(self) -> bool:
        return True

    @property
    def may_be_silent(self) -> bool:
        return True
