"""Which column of a file of samples holds what: by the names that are usual, or as whoever imports says."""

import json
from collections.abc import Iterable, Mapping

from backend.errors import InvalidInput

Names = tuple[str, ...]

ROLES: dict[str, Names] = {
    "external_id": ("external_id", "id", "uid", "uuid", "record_id", "sample_id"),
    "messages": ("messages", "conversation", "conversations"),
    "prompt": ("prompt", "instruction", "question", "query", "problem", "input"),
    "context": ("context", "input", "passage"),
    "choices": ("choices",),
    "history": ("history",),
    "system": ("system", "system_prompt"),
    "answer": ("answer", "reference", "expected", "target"),
    "completion": ("completion", "response", "output", "generation", "model_response", "text"),
    "completions": ("completions", "responses", "generations"),
    "score": ("score", "rating", "reward", "overall_score", "overall_rating"),
    "judge": ("judge", "judged_by", "scored_by"),
    "rationale": ("rationale", "reason", "explanation", "critique"),
    "judgments": ("judgments", "scores"),
    "label": ("label", "verdict", "decision"),
    "decided_by": ("decided_by", "annotator", "reviewer", "labeled_by", "labelled_by"),
    "decided_at": ("decided_at", "labeled_at", "labelled_at"),
    "note": ("note", "comment"),
    "decisions": ("decisions",),
    "metadata": ("metadata",),
}
"""For each role the names it goes by, the likeliest first."""


def roles_of(columns: Iterable[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """The column of each role in a row with these columns; a chosen one that the row lacks is no column of it."""
    names = {name.strip().lower(): name for name in reversed(list(columns))}
    there, roles = set(names.values()), {role: column for role, column in chosen.items()}
    used = set(roles.values())
    for role, known in ROLES.items():
        if role in roles:
            continue
        column = next((names[name] for name in known if name in names and names[name] not in used), None)
        if column is not None:
            roles[role] = column
            used.add(column)
    return {role: column for role, column in roles.items() if column in there}


def chosen_from(text: str | None) -> dict[str, str]:
    """Read the columns that somebody chose, as JSON; raises `InvalidInput`."""
    chosen = text_map(text, "The columns", '{"prompt": "question", "completion": "reply"}')
    if unknown := sorted(chosen.keys() - ROLES.keys()):
        raise InvalidInput(f"A file of samples has no role {unknown[0]!r}. The roles are {', '.join(ROLES)}.")
    return chosen


def text_map(text: str | None, subject: str, example: str) -> dict[str, str]:
    """A JSON object of texts; raises `InvalidInput` for anything else."""
    if text is None or not text.strip():
        return {}
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{subject} are no JSON ({error}). Write an object such as {example}.") from error
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise InvalidInput(f"{subject} are no object of texts. Write one such as {example}.")
    return read
