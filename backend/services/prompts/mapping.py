"""Which column of a file holds what. The page, REST and the command line all take this one object."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from backend.errors import InvalidInput
from backend.translations import N_, gettext


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Mapping:
    """A column for each role; `metadata` None means all columns without a role. `context` and `metadata` take several.

    The prompt is `messages` (a list of role and content), or `prompt` with `context` and `choices` below it, or what
    `chosen` and `rejected` begin with in common; `system` and `history` go before it. `answer` is what a verifier
    compares with and seed rows train on. `completion`, `chosen` and `rejected` become imported completions, with the
    `label` or the scores that the file gives them. `external_id` is what the file knows the prompt by.
    """

    messages: str | None = None
    prompt: str | None = None
    answer: str | None = None
    metadata: tuple[str, ...] | None = None
    system: str | None = None
    history: str | None = None
    context: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    completion: str | None = None
    chosen: str | None = None
    rejected: str | None = None
    label: str | None = None
    score: str | None = None
    score_chosen: str | None = None
    score_rejected: str | None = None
    external_id: str | None = None

    @property
    def is_implicit(self) -> bool:
        """Whether the prompt is what a pair begins with in common."""
        return self.messages is None and self.prompt is None and self.chosen is not None and self.rejected is not None

    @cached_property
    def used(self) -> frozenset[str]:
        """The columns that have a role."""
        return frozenset(self.roles())

    @cached_property
    def is_simple(self) -> bool:
        """Whether a prompt column is all that makes the prompt, and no completions come with it."""
        return self.used <= {self.prompt, self.answer, self.external_id} and not self.has_completions

    @property
    def has_completions(self) -> bool:
        """Whether rows bring completions of their own."""
        return any((self.completion, self.chosen, self.rejected))

    def roles(self) -> dict[str, list[str]]:
        """The roles of each column that has one, in the order of the fields."""
        by_column: dict[str, list[str]] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "metadata" or not value:
                continue
            for column in value if isinstance(value, tuple) else (value,):
                by_column.setdefault(column, []).append(field.name)
        return by_column


ROLES = tuple(field.name for field in fields(Mapping))
MANY = ("metadata", "context", "choices")
_ADAPTER = TypeAdapter(Mapping)


def from_json(text: str | None) -> Mapping | None:
    """Read a mapping written as JSON, None for no text; raises `InvalidInput` that names what is wrong."""
    if text is None or not text.strip():
        return None
    try:
        data = json.loads(text)
        if not isinstance(data, dict):
            raise InvalidInput(_way_out("it is no object"))
        data = {name: value for name, value in data.items() if value is not None}
        return _ADAPTER.validate_python({k: [v] if k in MANY and isinstance(v, str) else v for k, v in data.items()})
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(_way_out(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(_way_out(f"it is no JSON ({error})")) from error


def _way_out(why: str) -> str:
    return (
        f'The mapping cannot be read: {why}. Write an object of roles and columns, such as {{"prompt": "question", '
        f'"answer": "target"}}. Roles: {", ".join(ROLES)}.'
    )


def check_mapping(mapping: Mapping, columns: Iterable[str]) -> None:
    """Raise `InvalidInput` unless the prompt is given in exactly one way and every chosen column exists."""
    known = list(columns)
    listed = ", ".join(known) or "none"
    if not mapping.is_implicit and (mapping.messages is None) == (mapping.prompt is None):
        raise InvalidInput(
            "Choose the column that holds the prompt: either messages (a list of role and content) or prompt (text). "
            f"Columns of the file: {listed}."
        )
    for column in [*mapping.roles(), *(mapping.metadata or ())]:
        if column not in known:
            raise InvalidInput(f"The file has no column {column!r}. Its columns: {listed}.")
    if (mapping.chosen is None) != (mapping.rejected is None):
        raise InvalidInput("A pair needs both sides. Choose a column for chosen and one for rejected, or neither.")
    if mapping.label and not mapping.completion:
        raise InvalidInput("A label says whether a completion is good. Choose the completion column, too.")
    if (mapping.context or mapping.choices) and mapping.prompt is None:
        raise InvalidInput("Context and choices go below a prompt that is text. Choose the prompt column, too.")


@dataclass(frozen=True)
class Fate:
    """What becomes of a column. `role` is empty where the column is dropped."""

    column: str
    role: str
    becomes: str


MEANINGS = {
    "messages": N_("The prompt's turns; a last assistant turn is the known answer."),
    "prompt": N_("The prompt."),
    "answer": N_("The known answer."),
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
"""What a column of a role is to a prompt, a sentence each."""
DROPPED = N_("Dropped, because it was given no role and not chosen as metadata.")


def fates(mapping: Mapping, columns: Sequence[str], texts: Iterable[str] = ()) -> tuple[Fate, ...]:
    """What becomes of every column; `texts` are those with texts, of which the model would see nothing as metadata."""
    roles, read = mapping.roles(), set(texts)
    fates_ = []
    for column in columns:
        if column in roles:
            becomes = " ".join(gettext(MEANINGS[role]) for role in roles[column])
            if mapping.is_implicit and column in (mapping.chosen, mapping.rejected):
                becomes += " " + gettext("What both sides begin with is the prompt.")
            fates_.append(Fate(column, ", ".join(roles[column]), becomes))
        elif mapping.metadata is None or column in mapping.metadata:
            kept = gettext("Metadata, kept beside the prompt.")
            if column in read:
                kept = gettext("Metadata, kept beside the prompt; the model does not see it.")
            fates_.append(Fate(column, "metadata", kept))
        else:
            fates_.append(Fate(column, "", gettext(DROPPED)))
    return tuple(fates_)
