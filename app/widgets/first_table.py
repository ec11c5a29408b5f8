"""A table of the first content: the cells that Gradio's own table will show, as an HTML table in its place."""

from collections.abc import Sequence

from app.widgets.first import FirstPart

TEMPLATE = """
{{#if value.label}}<p class="label">{{value.label}}</p>{{/if}}
<div class="scroll" data-table tabindex="0" role="region" aria-label="{{value.label}}"><table>
<thead><tr>{{#each value.headers}}<th scope="col" style="width: {{this.width}}">{{this.name}}</th>{{/each}}</tr></thead>
<tbody>{{#each value.rows}}<tr>{{#each this.cells}}<td>{{this}}</td>{{/each}}</tr>{{/each}}</tbody>
</table></div>
"""
CSS = """
.label { margin: 0 0 4px; font-weight: 500; }
.scroll { max-height: 500px; overflow: auto; border: 1px solid var(--rondo-border); background: var(--rondo-surface); }
table { width: 100%; table-layout: fixed; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 8px; border-bottom: 1px solid var(--rondo-border); text-align: left; vertical-align: top; }
th { position: sticky; top: 0; background: var(--rondo-surface); font-weight: 600; }
td { overflow: hidden; text-overflow: ellipsis; overflow-wrap: anywhere; }
"""


def table_part(
    elem_id: str, headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[str], label: str = ""
) -> FirstPart:
    """Return the part that stands for the table `elem_id`; without rows it draws nothing.

    `widths` are CSS lengths, a column each.
    """
    columns = [{"name": name, "width": width} for name, width in zip(headers, widths, strict=True)]
    value = {"label": label, "headers": columns, "rows": [{"cells": list(row)} for row in rows]} if rows else None
    return FirstPart(elem_id, TEMPLATE if rows else "", CSS, value)
