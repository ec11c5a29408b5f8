"""A table of texts that a phone can scroll sideways. Values go in through {{ }}, which escapes them."""

from collections.abc import Sequence
from typing import Any

from app.widgets.markup import Markup, markup
from backend.translations import gettext

TEMPLATE = """
{{#if value.columns}}
<section class="scroll" tabindex="0" aria-label="{{value.label}}">
  <table>
    {{#if value.label}}<caption>{{value.label}}</caption>{{/if}}
    <thead><tr>{{#each value.columns}}<th scope="col">{{this}}</th>{{/each}}</tr></thead>
    <tbody>{{#each value.rows}}<tr>{{#each this}}<td>{{this}}</td>{{/each}}</tr>{{/each}}</tbody>
  </table>
  {{#unless value.rows}}<p class="rondo-muted none">{{value.none}}</p>{{/unless}}
</section>
{{/if}}
"""
CSS = """
.scroll {
  overflow-x: auto; margin-bottom: 8px; background: var(--rondo-surface); border: 1px solid var(--rondo-border);
  border-radius: var(--rondo-radius);
}
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding: 10px 12px 2px; color: var(--rondo-muted); font-size: 12px; text-align: left; }
th, td { padding: 8px 12px; border-bottom: 1px solid var(--rondo-border); text-align: left; vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
td { max-width: 420px; overflow-wrap: anywhere; min-width: 60px; }
td:not(:last-child) { overflow-wrap: normal; }
tbody tr:last-child td { border-bottom: 0; }
.none { margin: 0; padding: 12px; }
@media (max-width: 700px) { table { width: max-content; min-width: 100%; } td { max-width: 260px; } }
"""


def plain_table(elem_id: str) -> Markup:
    """The component; give it what `rows_of` returns."""
    return markup(TEMPLATE, CSS, value={}, elem_id=elem_id)


def rows_of(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, label: str = "", none: str = ""
) -> dict[str, Any]:
    """What the table shows; texts only."""
    return {
        "columns": list(columns),
        "rows": [list(row) for row in rows],
        "label": label,
        "none": none or gettext("Nothing yet."),
    }
