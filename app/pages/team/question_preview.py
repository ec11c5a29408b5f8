"""What reviewers will see of a project's questions. Values go in through {{ }}, which escapes them."""

from typing import Any

from backend.services.questions import QuestionView
from backend.translations import N_, gettext
from backend.values.questions import LOWEST_RATING, QuestionKind

TEMPLATE = """
{{#if value.questions}}
<section class="rondo-card asked" aria-label="As the desk shows them">
  <p class="rondo-muted">As the desk shows them, with the keys that answer:</p>
  {{#each value.questions}}
  <div class="one"><p><b>{{this.title}}</b>{{#if this.is_required}} <span class="rondo-badge">required</span>{{/if}}
    {{#if this.help}}<span class="rondo-muted help">{{this.help}}</span>{{/if}}</p>
    <p class="choices">{{#each this.choices}}
      <span class="choice">{{#if this.key}}<kbd>{{this.key}}</kbd> {{/if}}{{this.label}}</span>{{/each}}
    {{#if this.field}}<span class="rondo-muted">{{this.field}}</span>{{/if}}</p></div>
  {{/each}}
</section>
{{/if}}
"""
CSS = """
.asked p { margin: 0 0 4px; }
.asked .one { padding: 8px 0; border-top: 1px solid var(--rondo-border); overflow-wrap: anywhere; }
.help { display: block; }
.choices { display: flex; flex-wrap: wrap; gap: 6px; }
.choice { padding: 2px 8px; border: 1px solid var(--rondo-border); border-radius: var(--rondo-radius); }
"""
FIELDS = {
    QuestionKind.text: N_("A field to write in."),
    QuestionKind.spans: N_("Select words of the text, then press a label's key."),
}
DIGITS = 9


def value_of(views: list[QuestionView]) -> dict[str, Any]:
    """The active questions, as the template reads them."""
    return {
        "questions": [
            {
                "title": view.title,
                "help": view.help,
                "is_required": view.is_required,
                "choices": [{"key": key if key != label else "", "label": label} for key, label in choices(view)],
                "field": gettext(FIELDS.get(view.kind, "")),
            }
            for view in views
            if view.is_active
        ]
    }


def choices(view: QuestionView) -> list[tuple[str, str]]:
    """What can be chosen, with its key: the digits, of which 0 is the tenth rating; a later label has none."""
    if view.kind is QuestionKind.rating:
        return [(str(n % 10), str(n)) for n in range(LOWEST_RATING, view.options.highest + 1)]
    labels = view.options.labels if view.kind.has_labels else ()
    return [(str(n) if n <= DIGITS else "", label) for n, label in enumerate(labels, 1)]
