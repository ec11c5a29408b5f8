"""What the page of prompts shows of a set, of its import and of each prompt."""

import json
from typing import Any

from app.pages.prompts.importing import noted, short
from app.widgets.times import moment
from backend.services.prompts import ImportReport, PromptPage, PromptSetView, PromptView
from backend.translations import N_, gettext, ngettext
from backend.values import Split

SETS = [N_("Set"), N_("Name"), N_("Use"), N_("Prompts"), N_("Origin"), N_("By"), N_("Made"), N_("Rounds")]
MASKED = N_("metadata is hidden while people decide blind on what answers them")
ROWS = ["#", N_("Prompt"), N_("Answer"), N_("Completions"), N_("Metadata"), N_("External id")]


def left_out_label(report: ImportReport | None, num_shown: int) -> str:
    left_out = report.num_bad + report.num_duplicates + report.num_overlaps if report else 0
    near = report.num_near if report else 0
    label = gettext("Rows that were left out: {number}").format(number=f"{left_out:,}")
    if near:
        label = gettext("Rows that were left out: {number}; near-duplicates, kept: {near}")
        label = label.format(number=f"{left_out:,}", near=f"{near:,}")
    shown = gettext("{label}, the first {number} shown").format(label=label, number=num_shown)
    return shown if left_out + near > num_shown else label


def prompts_label(chosen: PromptSetView, page: PromptPage) -> str:
    is_masked = any(row.is_masked for row in page.rows)
    label = gettext("Prompts of {name}").format(name=chosen.name)
    return f"{label}; {gettext(MASKED)}" if is_masked else label


def card_value(chosen: PromptSetView, report: ImportReport | None) -> dict[str, Any]:
    """What the card shows; texts only."""
    has_left_out = report is not None and bool(report.problems)
    facts = ngettext("{number} prompt, from {origin}", "{number} prompts, from {origin}", chosen.num_prompts)
    origin = chosen.origin or gettext("this project")
    return {
        "name": chosen.name,
        "split": use_of(chosen),
        "badge": "accent" if chosen.split is Split.train else "warn",
        "facts": facts.format(number=f"{chosen.num_prompts:,}", origin=origin),
        "report": summary(report) if report else "",
        "notes": list(report.notes) if report else [],
        "link": f"/api/v1/prompt-sets/{chosen.id}/problems" if has_left_out else "",
    }


def summary(report: ImportReport) -> str:
    """`Of 1,000 rows 900 went to train and 90 to train held out; 8 bad rows, ... were left out.`"""
    bad, duplicates, overlaps = report.num_bad, report.num_duplicates, report.num_overlaps
    counts = (
        (bad, ngettext("{number} bad row", "{number} bad rows", bad)),
        (duplicates, ngettext("{number} duplicate", "{number} duplicates", duplicates)),
        (overlaps, ngettext("{number} overlap", "{number} overlaps", overlaps)),
    )
    left_out = ", ".join(text.format(number=f"{count:,}") for count, text in counts if count)
    to = gettext("{number} to {name}")
    went = gettext(" and ").join(to.format(number=f"{s.num_prompts:,}", name=s.name) for s in report.sets)
    if number := report.num_completions:
        text = ngettext("{went}, with {number} completion", "{went}, with {number} completions", number)
        went = text.format(went=went, number=f"{number:,}")
    if report.num_known:
        text = gettext("{went}; of those known by their external ids {updated} changed and {unchanged} did not")
        went = text.format(went=went, updated=f"{report.num_updated:,}", unchanged=f"{report.num_unchanged:,}")
    text = ngettext(
        "Of {number} row, {went}; nothing was left out.",
        "Of {number} rows, {went}; nothing was left out.",
        report.num_rows,
    )
    if left_out:
        text = ngettext(
            "Of {number} row, {went}; left out: {left_out}.",
            "Of {number} rows, {went}; left out: {left_out}.",
            report.num_rows,
        )
    return text.format(number=f"{report.num_rows:,}", went=went, left_out=left_out)


def done_by(report: ImportReport) -> str:
    """What an import did, in a word: `3 prompts are imported.`, or what became of those that were known."""
    text = ngettext("{number} prompt is imported.", "{number} prompts are imported.", report.num_imported)
    if report.num_known:
        text = ngettext(
            "{number} prompt is imported; of those known by their external ids {updated} changed and {unchanged} did "
            "not.",
            "{number} prompts are imported; of those known by their external ids {updated} changed and {unchanged} did "
            "not.",
            report.num_imported,
        )
        if not report.num_imported:
            text = gettext("Of the prompts known by their external ids {updated} changed and {unchanged} did not.")
    return text.format(
        number=f"{report.num_imported:,}", updated=f"{report.num_updated:,}", unchanged=f"{report.num_unchanged:,}"
    )


def used_by(row: PromptSetView) -> str:
    """Why the set cannot be put in the trash; nothing where it can."""
    text = ngettext(
        "It cannot be moved to the trash: {number} round uses it, and what was asked and measured has to be known.",
        "It cannot be moved to the trash: {number} rounds use it, and what was asked and measured has to be known.",
        row.num_rounds,
    )
    return text.format(number=row.num_rounds) if row.num_rounds else ""


def use_of(row: PromptSetView) -> str:
    return gettext("training") if row.split is Split.train else gettext("held out")


def set_row(row: PromptSetView) -> list[str]:
    """One set as the table shows it."""
    made_at, rounds = moment(row.created_at), str(row.num_rounds)
    by = row.created_by or "–"
    return [str(row.id), row.name, use_of(row), f"{row.num_prompts:,}", row.origin, by, made_at, rounds]


def prompt_row(row: PromptView) -> list[str]:
    """One prompt as the table shows it."""
    number = len(row.messages)
    turns = gettext("[{number} messages]").format(number=number) + " " if number > 1 else ""
    metadata = json.dumps(row.extra, ensure_ascii=False) if row.extra else ""
    metadata = gettext("hidden") if row.is_masked else metadata
    text, answer, brought = turns + short(row.text), short(row.answer or ""), completions_of(row)
    return [str(row.position), text, answer, brought, short(metadata), row.external_id or ""]


def completions_of(row: PromptView) -> str:
    """The completions that the file brought for a prompt, the beginning of each."""
    return "\n".join(f"{noted(completion.extra)}: {completion.text[:80]}" for completion in row.completions)


def whole(row: PromptView) -> str:
    """All messages, the answer and the metadata as text."""
    parts = [f"{message['role']}:\n{message['content']}" for message in row.messages]
    imported, answer, metadata = gettext("imported completion ({noted})"), gettext("answer"), gettext("metadata")
    name = gettext("external id")
    parts += [f"{name}: {row.external_id}"] if row.external_id is not None else []
    parts += [f"{answer}:\n{row.answer}"] if row.answer is not None else []
    parts += [f"{imported.format(noted=noted(completion.extra))}:\n{completion.text}" for completion in row.completions]
    parts += [f"{metadata}:\n{json.dumps(row.extra, ensure_ascii=False, indent=1)}"] if row.extra else []
    parts += [f"({gettext(MASKED)})"] if row.is_masked else []
    return "\n\n".join(parts)
