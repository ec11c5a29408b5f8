"""A table of the first content: the cells that Gradio's own table will show, as an HTML table in its place."""

from collections.abc import Sequence

from app.widgets.first import FirstPart

TEMPLATE = """
<p class="label">{{value.label}}</p>
<div class="scroll" data-table tabindex="0" role="region" aria-label="{{value.name}}">
<table style="min-width: {{value.min_width}}">
<thead><tr>{{#each value.headers}}<th scope="col" style="width: {{this.width}}">{{this.name}}</th>{{/each}}</tr></thead>
<tbody>{{#each value.rows}}<tr>{{#each this.cells}}<td>{{this}}</td>{{/each}}</tr>{{/each}}</tbody>
</table></div>
"""
CSS = """
.label { min-height: 19px; margin: 0 0 8px; color: var(--rondo-muted); font-size: 13px; }
.scroll { max-height: 500px; overflow: auto; border: 1px solid var(--rondo-border); background: var(--rondo-surface); }
table { width: 100%; table-layout: fixed; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { height: 36px; padding: 6px 8px; border: 0 solid; border-width: 0 1px 1px 0; text-align: left; }
th { position: sticky; top: 0; height: 40px; background: var(--rondo-surface); font-weight: 600; }
td { overflow: hidden; text-overflow: ellipsis; overflow-wrap: anywhere; }
"""


def table_part(
    elem_id: str,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[str],
    *,
    label: str = "",
    name: str = "",
    min_width: int,
) -> FirstPart:
    """Return the part that stands for the table `elem_id`; without rows it draws nothing.

    `widths` are CSS lengths, a column each; `min_width` of all together is in pixels, as Gradio's table takes it.
    `label` stands above it; `name` is read out where it has none.
    """
    columns = [{"name": header, "width": width} for header, width in zip(headers, widths, strict=True)]
    cells = [{"cells": list(row)} for row in rows]
    value = {"label": label, "name": label or name, "headers": columns, "rows": cells, "min_width": f"{min_width}px"}
    return FirstPart(elem_id, TEMPLATE if rows else "", CSS, value)
