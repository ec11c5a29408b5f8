"""What the page of prompts shows of a set, of its import and of each prompt."""

import json
from typing import Any

from app.pages.prompts.importing import noted, short
from app.widgets.times import moment
from backend.services.prompts import ImportReport, PromptPage, PromptSetView, PromptView
from backend.values import Split

SETS = ["Set", "Name", "Use", "Prompts", "From", "By", "Made", "Rounds"]
MASKED = "metadata is hidden while people decide blind on what answers them"
ROWS = ["#", "Prompt", "Answer", "Completions", "Metadata", "External id"]


def left_out_label(report: ImportReport | None, num_shown: int) -> str:
    left_out = report.num_bad + report.num_duplicates + report.num_overlaps if report else 0
    near = report.num_near if report else 0
    label = f"Rows that were left out: {left_out:,}" + (f"; near-duplicates, kept: {near:,}" if near else "")
    return label + (f", the first {num_shown} shown" if left_out + near > num_shown else "")


def prompts_label(chosen: PromptSetView, page: PromptPage) -> str:
    is_masked = any(row.is_masked for row in page.rows)
    return f"Prompts of {chosen.name}" + (f"; {MASKED}" if is_masked else "")


def card_value(chosen: PromptSetView, report: ImportReport | None) -> dict[str, Any]:
    """What the card shows; texts only."""
    has_left_out = report is not None and bool(report.problems)
    return {
        "name": chosen.name,
        "split": use_of(chosen),
        "badge": "accent" if chosen.split is Split.train else "warn",
        "facts": f"{chosen.num_prompts:,} prompts, from {chosen.origin or 'this project'}",
        "report": summary(report) if report else "",
        "notes": list(report.notes) if report else [],
        "link": f"/api/v1/prompt-sets/{chosen.id}/problems" if has_left_out else "",
    }


def summary(report: ImportReport) -> str:
    """`Of 1,000 rows 900 went to train and 90 to train held out; 8 bad rows, ... were left out.`"""
    went = " and ".join(f"{s.num_prompts:,} to {s.name}" for s in report.sets)
    counts = ((report.num_bad, "bad row"), (report.num_duplicates, "duplicate"), (report.num_overlaps, "overlap"))
    left_out = ", ".join(f"{count:,} {what}{'s' * (count > 1)}" for count, what in counts if count)
    went += f", with {report.num_completions:,} completions" if report.num_completions else ""
    if report.num_known:
        unchanged = f"{report.num_unchanged:,} did not"
        went += f"; of those known by their external ids {report.num_updated:,} changed and {unchanged}"
    return f"Of {report.num_rows:,} rows, {went}; " + (
        f"left out: {left_out}." if left_out else "nothing was left out."
    )


def use_of(row: PromptSetView) -> str:
    return "train" if row.split is Split.train else "held out"


def set_row(row: PromptSetView) -> list[str]:
    """One set as the table shows it."""
    made_at, rounds = moment(row.created_at), str(row.num_rounds)
    by = row.created_by or "–"
    return [str(row.id), row.name, use_of(row), f"{row.num_prompts:,}", row.origin, by, made_at, rounds]


def prompt_row(row: PromptView) -> list[str]:
    """One prompt as the table shows it."""
    turns = f"[{len(row.messages)} messages] " if len(row.messages) > 1 else ""
    metadata = json.dumps(row.extra, ensure_ascii=False) if row.extra else ""
    metadata = "hidden" if row.is_masked else metadata
    text, answer, brought = turns + short(row.text), short(row.answer or ""), completions_of(row)
    return [str(row.position), text, answer, brought, short(metadata), row.external_id or ""]


def completions_of(row: PromptView) -> str:
    """The completions that the file brought for a prompt, the beginning of each."""
    return "\n".join(f"{noted(completion.extra)}: {completion.text[:80]}" for completion in row.completions)


def whole(row: PromptView) -> str:
    """All messages, the answer and the metadata as text."""
    parts = [f"{message['role']}:\n{message['content']}" for message in row.messages]
    parts += [f"external id: {row.external_id}"] if row.external_id is not None else []
    parts += [f"answer:\n{row.answer}"] if row.answer is not None else []
    parts += [f"imported completion ({noted(completion.extra)}):\n{completion.text}" for completion in row.completions]
    parts += [f"metadata:\n{json.dumps(row.extra, ensure_ascii=False, indent=1)}"] if row.extra else []
    parts += [f"({MASKED})"] if row.is_masked else []
    return "\n\n".join(parts)
