"""The tab Download: for which tool, by which link, and what an export says of itself."""

from typing import Any
from urllib.parse import urlencode

import gradio as gr

from app.pages.datasets.pushing import chosen_in
from app.toasts import toasts
from app.widgets.context import context
from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.services import checkpoints
from backend.services.access import Actor
from backend.services.datasets import exports, tool_rows
from backend.services.datasets.export_jobs import DatasetExport
from backend.services.datasets.export_result import Export, RowFinding
from backend.services.datasets.tool_rows import TRL
from backend.translations import N_, gettext, ngettext
from backend.values import DatasetType

NOBODY = 0
FRESH = (TRL, "jsonl", False, False, "", "")
"""Tool, format, without provenance, without what a check finds, what becomes of findings and why: what a dataset's link
begins with."""
HANDLINGS = [
    (N_("As the project has it"), ""),
    (N_("Leave them out"), "leave_out"),
    (N_("Mask what was found"), "mask"),
    (N_("Keep them, with a reason"), "keep"),
]


def offered(
    actor: Actor,
    dataset_id: int,
    format: str,
    type: str,
    *,
    strict: bool,
    leave_out: bool,
    tool: str,
    handling: str = "",
    reason: str = "",
) -> list[Any]:
    """The link, and nothing; or no link, and why there is none."""
    try:
        exports.refuse_large(actor, dataset_id)
        urls = link(dataset_id, format, type, strict=strict, leave_out=leave_out, tool=tool)
        urls["link"] += "&" + urlencode({"handling": handling, "reason": reason}) if handling else ""
        of_type = _type(type)
        exports.refuse_held(
            actor, dataset_id, leave_out=leave_out, handling=handling or None, reason=reason, type=of_type
        )
    except (Conflict, InvalidInput, PermissionDenied) as error:
        return [None, {"is_bad": True, "lines": [error.message]}]
    return [urls, None]


@toasts
def point(
    page_state: dict[str, Any],
    format: str,
    type: str,
    strict: bool,
    leave_out: bool,
    tool: str,
    handling: str,
    reason: str,
    request: gr.Request,
) -> list[Any]:
    """Make the link fit what is chosen, or say why there is none."""
    how = {"handling": handling or "", "reason": reason or ""}
    actor = context(request).actor
    if not page_state.get("dataset"):  # none was chosen, none is there
        return [None, None]
    return offered(
        actor, chosen_in(page_state), format, type, strict=strict, leave_out=leave_out, tool=tool_of(tool), **how
    )


@toasts
def check_rows(
    page_state: dict[str, Any],
    format: str,
    type: str,
    strict: bool,
    leave_out: bool,
    tool: str,
    handling: str,
    reason: str,
    tokens_of: int | None,
    request: gr.Request,
) -> dict[str, Any]:
    """Write the file and say what the checks found."""
    actor, dataset_id = context(request).actor, chosen_in(page_state)
    exports.refuse_large(actor, dataset_id)
    exported = exports.export(
        actor,
        dataset_id,
        format="parquet" if format == "parquet" else "jsonl",
        type=DatasetType(type),
        is_strict=strict,
        leave_out=leave_out,
        tool=tool_of(tool),
        tokens_of=tokens_of or None,
        handling=handling or None,
        reason=reason or "",
    )
    return export_values(exported)


def link(dataset_id: int, format: str, type: str, *, strict: bool, leave_out: bool, tool: str) -> dict[str, Any]:
    """Where the rows are, and what the tool wants beside them; raises `InvalidInput` for what it does not read."""
    wanted = _type(type)
    tool_rows.check(tool, wanted, format)
    name = exports.file_name(dataset_id, wanted, format, is_strict=strict, leave_out=leave_out, tool=tool)
    of_tool = {"type": wanted.value, "leave_out": leave_out, "tool": tool}
    asked = {"format": format, "is_strict": strict} | of_tool
    beside, address = tool_rows.beside(tool, wanted, name), f"/api/v1/datasets/{dataset_id}/export"
    return {
        "link": f"{address}?{urlencode(asked)}",
        "name": name,
        "beside": f"{address}/beside?{urlencode(of_tool)}" if beside is not None else None,
        "beside_name": beside[0] if beside is not None else None,
    }


def tool_of(value: object) -> str:
    """What was chosen; raises `InvalidInput`, and `UnknownPart` for what nothing exports for."""
    if not isinstance(value, str):
        raise InvalidInput("Choose what the file is for.")
    tool_rows.title(value)
    return value


def _type(value: str) -> DatasetType:
    if value not in set(DatasetType):
        raise InvalidInput("Choose a type from the list.")
    return DatasetType(value)


def counters(actor: Actor, project_id: int) -> gr.Dropdown:
    """The checkpoints by whose tokenizer rows can be counted."""
    known = [(row.name, row.id) for row in checkpoints.tree(actor, project_id) if not row.is_endpoint]
    return gr.Dropdown([(gettext("no checkpoint"), NOBODY), *known], value=NOBODY)


def export_values(export: Export) -> dict[str, Any]:
    """What an export says of itself, line by line."""
    text = ngettext("{number} row, {size} KB.", "{number} rows, {size} KB.", export.num_rows)
    lines = [text.format(number=f"{export.num_rows:,}", size=f"{export.num_bytes / 1000:,.0f}")]
    return {"is_bad": bool(export.findings), "lines": lines + check_lines(export)}


def check_lines(export: Export | DatasetExport) -> list[str]:
    """What the checks found, what was left out, and what to beware of."""
    lines = [_finding(finding) for finding in export.findings]
    for reason, count in export.left_out.items():
        text = ngettext("Left out, {reason}: {number} row.", "Left out, {reason}: {number} rows.", count)
        lines.append(text.format(reason=reason, number=f"{count:,}"))
    lines += export.warnings
    return lines if export.findings else [*lines, gettext("No check found anything.")]


def _finding(finding: RowFinding) -> str:
    text = ngettext(
        "{number} row: {meaning} (first: {places})", "{number} rows: {meaning} (first: {places})", finding.count
    )
    return text.format(number=f"{finding.count:,}", meaning=finding.meaning, places=_places(finding.positions))


def _places(positions: tuple[int, ...]) -> str:
    return ", ".join(map(str, positions[:5]))
