"""The roles in which checkpoints act in a round, in the reader's language."""

from backend.translations import gettext, pgettext

MADE_IN_STEP = "made in step "
"""What the report of a round says before the number of the step."""


def role_word(role: str) -> str:
    """Return what a role of every round is called; a role that a recipe names keeps its name."""
    words = {
        "policy": pgettext("role", "policy"),
        "judge": pgettext("role", "judge"),
        "reward": pgettext("role", "reward"),
        "reference": pgettext("role", "reference"),
        "made": pgettext("role", "made"),
        "base": pgettext("role", "base"),
    }
    return words.get(role, role)


def role_note(note: str) -> str:
    """Return how a checkpoint came to its role."""
    step = note.removeprefix(MADE_IN_STEP)
    return gettext(note) if step == note else gettext("made in step {number}").format(number=step)
