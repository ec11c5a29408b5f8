"""Reasons why rows fell out, or from where others joined, as bars: one each, the longest first."""

from collections.abc import Iterable

from backend.values import JSON

CSS = """
.drops { display: grid; gap: 4px; margin: 0; padding: 0 !important; list-style: none; }
.drops b { font-variant-numeric: tabular-nums; }
.drops li {
  display: grid; grid-template-columns: minmax(110px, 2fr) minmax(50px, 3fr) minmax(48px, max-content); gap: 8px;
  align-items: center; margin: 0;
}
.drops li > :first-child { overflow-wrap: anywhere; line-height: 1.3; }
.drops b { text-align: right; }
.drops .bar {
  display: block; width: auto; height: 8px; border-radius: 4px; background: var(--rondo-raised); overflow: hidden;
}
.drops .bar i { display: block; height: 100%; min-width: 2px; border-radius: 4px; background: var(--rondo-bad); }
.drops .joined .bar i { background: var(--rondo-ok); }
"""


def template(path: str) -> str:
    """The list of bars of what a template holds at `path`, such as `value.drops`."""
    return (
        f'<ul class="drops">{{{{#each {path}}}}}<li {{{{#if this.joined}}}}class="joined"{{{{/if}}}}>'
        '{{#if this.href}}<a href="{{this.href}}">{{this.reason}}</a>{{else}}<span>{{this.reason}}</span>{{/if}}'
        '<span class="bar" aria-hidden="true"><i style="width: {{this.width}}%"></i></span>'
        "<b>{{this.sign}}{{this.count}}</b></li>{{/each}}</ul>"
    )


def bars(dropped: Iterable[tuple[str, int, str]], joined: Iterable[tuple[str, int, str]] = ()) -> list[JSON]:
    """What the template shows of (reason, count, address); the longest bar is as long as its column."""
    out = sorted(dropped, key=lambda bar: -bar[1])
    more = sorted(joined, key=lambda bar: -bar[1])
    most = max((count for _, count, _ in (*out, *more)), default=0) or 1
    return [
        {
            "reason": reason,
            "count": f"{count:,}",
            "width": round(100 * count / most, 1),
            "href": href,
            "joined": is_joined,
            "sign": "+" if is_joined else "",
        }
        for is_joined, rows in ((False, out), (True, more))
        for reason, count, href in rows
    ]
