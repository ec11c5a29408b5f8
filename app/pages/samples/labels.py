"""The mode of the Samples page in which one decides in the list, by the keys of the review desk.

Its script (static/review/list_labels.js) asks the REST interface for the list that the page shows.
"""

from app import own_files
from app.widgets.markup import markup
from app.widgets.roles import needs
from app.widgets.sample_addresses import rest_query
from app.widgets.sample_filters import read_filters
from app.widgets.sample_orders import read_sort
from backend.values import JSON, Role

SCRIPT = "review/list_labels.js"
# Its value never changes: a changed value would draw the template again.
TEMPLATE = '<div class="labels"></div>'
START = f"""import("{own_files.address(SCRIPT)}").then(
  (labels) => labels.start(element.querySelector(".labels")),
  () => {{ element.textContent = "A part of this page did not arrive. Reload it."; }},
);"""
CSS = """
.labels [hidden] { display: none !important; }
.labels .head { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; }
.labels .head p { margin: 0; }
.labels .rondo-toolbar { position: sticky; top: 48px; z-index: 2; padding: 6px 0; background: var(--rondo-bg); }
/* As at the desk (static/review/review.css). */
.labels button { display: inline-flex; align-items: center; gap: 8px; min-height: 40px; padding: 6px 12px;
  border: 1px solid var(--rondo-border); border-radius: var(--rondo-radius); background: var(--rondo-surface);
  color: var(--rondo-text); font: inherit; cursor: pointer; }
.labels button:hover { background: var(--rondo-raised); }
.labels button:disabled { background: none; color: var(--rondo-muted); cursor: not-allowed; }
.labels button.accept { border-color: var(--rondo-ok); color: var(--rondo-ok); font-weight: 600; }
.labels button.reject { border-color: var(--rondo-bad); color: var(--rondo-bad); font-weight: 600; }
.labels kbd { padding: 0 5px; border: 1px solid var(--rondo-border); border-radius: 4px; color: var(--rondo-muted);
  background: var(--rondo-raised); font: 12px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.labels ol { list-style: none; margin: 4px 0 0; padding: 0; border-top: 1px solid var(--rondo-border); }
.labels li { margin: 0; padding: 6px 10px; border-bottom: 1px solid var(--rondo-border); cursor: pointer;
  border-left: 3px solid transparent; scroll-margin: 110px 0 24px; }
.labels li.is-current { background: var(--rondo-accent-soft); border-left-color: var(--rondo-accent); }
.labels li p { margin: 0; overflow-wrap: anywhere; }
.labels .asked { padding-bottom: 4px; font-weight: 550; }
.labels .facts { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 10px; font-size: 13px; }
.labels .words { white-space: pre-wrap; }
.labels li:not(.is-current) :is(.words, .asked) { display: -webkit-box; overflow: hidden; -webkit-box-orient: vertical;
  -webkit-line-clamp: 2; }
.labels li.is-current .words { max-height: 50vh; overflow: auto; }
.labels a { color: var(--rondo-accent); }
.labels .why { color: var(--rondo-bad); font-size: 13px; }
/* The page's header has two lines there. */
@media (max-width: 1080px) {
  .labels .rondo-toolbar { top: 82px; }
  .labels li { scroll-margin-top: 150px; }
}
@media (max-width: 760px) {
  .labels .rondo-toolbar button { min-height: 44px; }
  .labels li { scroll-margin-top: 230px; }
}
"""


def build() -> None:
    """Lay the part out. Only who may decide sees it."""
    markup(TEMPLATE, CSS, js=START, elem_id="samples-labels", elem_classes=needs(Role.reviewer))


def rest_of(query: JSON) -> str:
    """The address of the list that the page shows, below the beginning that all of them share."""
    return f"/rounds/{int(query['round'])}/samples?{rest_query(read_filters(query), read_sort(query))}"
