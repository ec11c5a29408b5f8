"""What the roles of a file's columns are called, and what a column of each is to a prompt."""

from backend.translations import N_, gettext

ABOUT = {
    "system": N_("The prompt's system turn."),
    "history": N_("Earlier turns of the prompt."),
    "context": N_("Part of the prompt, below its text."),
    "choices": N_("Part of the prompt, as lettered choices."),
    "completion": N_("An imported completion."),
    "chosen": N_("An imported completion, noted as chosen."),
    "rejected": N_("An imported completion, noted as rejected."),
    "label": N_("Noted on the completion as its label."),
    "score": N_("Noted on the completion as its score."),
    "score_chosen": N_("Noted on the chosen completion as its score."),
    "score_rejected": N_("Noted on the rejected completion as its score."),
    "external_id": N_("The prompt's external id, by which it is known when the file comes again."),
}
"""What a column of a role is to a prompt."""
ROLE_NAMES = (
    *(N_("messages"), N_("prompt"), N_("answer"), N_("metadata"), N_("system"), N_("history"), N_("context")),
    *(N_("choices"), N_("completion"), N_("chosen"), N_("rejected"), N_("label"), N_("score")),
    *(N_("score_chosen"), N_("score_rejected"), N_("external_id")),
)
"""For the catalogue."""


def named(names: str) -> str:
    """Return the names of a column's roles; that it has none."""
    return ", ".join(gettext(name) for name in names.split(", ")) if names else gettext("none")
