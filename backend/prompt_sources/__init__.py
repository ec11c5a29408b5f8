"""Prompt sources say what is asked: prompts out of a pool, or questions about the texts so far."""

from collections.abc import Sequence

from backend.engines import Engine
from backend.registry import Part
from backend.values import Group, Prompt


class PromptSource(Part, kind="prompt source"):
    """Makes questions out of rows. It asks no model and is the same for the same rows and seed."""

    @property
    def reads_groups(self) -> bool:
        """False for a source that reads the pool; True for one that reads the groups of a step before it."""
        return False

    @property
    def narrows(self) -> bool:
        """True for a source that gives back some of the groups it reads instead of asking anything new."""
        return False

    @property
    def reads_labels(self) -> bool:
        """True where what it asks depends on scores or verdicts: people have decided by then."""
        return False

    @property
    def has_parents(self) -> bool:
        """True where each question is about a text, the group's parent."""
        return False

    @property
    def makes_answers(self) -> bool:
        """True for a source that asks something else than the pool's prompts say, and knows the answers itself."""
        return False

    @property
    def reads_own(self) -> bool:
        """True for a source whose pool holds the prompts that the rounds above adopted, too."""
        return False

    @property
    def reads_pool(self) -> bool:
        """True for a source that reads groups, and needs the prompts of the round's sets beside them."""
        return False

    @property
    def asks_again(self) -> bool:
        """True where it asks the questions of the step before it once more, with something beside them."""
        return False

    @property
    def asks_as_written(self) -> bool:
        """True where what it asks is a prompt as it stands."""
        return False

    @property
    def needs_parents(self) -> bool:
        """True for a source that reads questions about texts only."""
        return False

    @property
    def asks_for_prompts(self) -> bool:
        """True where what answers its questions are prompts to be, so that the pool's completions answer none of it."""
        return False

    @property
    def adopts(self) -> bool:
        """True where what it asks are new prompts, which rounds below this one may take."""
        return False

    @property
    def knows_answers(self) -> bool:
        """False where no known answer goes with what it asks, so that nothing can be compared with one."""
        return True

    @property
    def has_targets(self) -> bool:
        """True where the known answer of a group is the text that the answers are to lead to, and answers nothing that
        is asked: the natural text for which an input is written."""
        return False

    @property
    def needs_targets(self) -> bool:
        """True for a source that takes such texts over, from groups that have them (see `has_targets`)."""
        return False

    @property
    def takes_answers(self) -> bool:
        """True for a source of the pool that asks about the known answers of its prompts, not about the prompts."""
        return False

    @property
    def repeats_pool(self) -> bool:
        """True for a source that may ask more questions than the pool has prompts."""
        return False

    @property
    def is_stripped(self) -> bool:
        """True where training rows get the prompt it began with instead of what is asked."""
        return False

    @property
    def asks_about_rejected(self) -> bool:
        """True where a question does not hang on its parent's label: its answers are trained on though that rejects."""
        return False

    @property
    def needs_sandbox(self) -> bool:
        """True for a source that runs programs which a model wrote."""
        return False

    def check_ready(self) -> None:
        """Raise `MissingPrerequisite` or `InvalidInput` where something that it needs here is missing, such as a
        package: asked before a launch."""

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        """How many groups come of so many groups of so many prompts, with so many samples together, for estimates."""
        return groups

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        """Return groups: new ones have id 0 and no samples, those given back (see `narrows`) keep theirs.

        groups: those of the step it works on, with samples and labels; empty for a source that reads the pool.
        pool: the prompts of the round's train sets, and with `reads_own` those that the rounds above adopted; for a
        source that reads groups, the prompts that these come from, unless it `reads_pool`. A new
        group's prompt keeps id and answer of the prompt it comes from; its messages are what is asked. A source that
        `makes_answers` gives it an answer of its own. One with the id 0 is a new prompt. limit: how many prompts the
        round takes from the pool.
        """
        return [Group(prompt, ()) for prompt in self.prompts(None, pool, limit=limit, seed=seed)]

    def prompts(self, engine: Engine | None, seeds: Sequence[Prompt], *, limit: int, seed: int) -> list[Prompt]:
        """Return at most `limit` prompts of the pool; for sources that only choose. Deterministic in `seed`."""
        raise NotImplementedError
