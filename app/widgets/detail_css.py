"""The look of what a page shows of one prompt or sample: its texts, and how two of them differ."""

TEXTS = """
SCOPE h2, SCOPE h3 { margin: 0; }
SCOPE h3 { margin: 14px 0 4px; }
SCOPE .small { font-size: 12px; }
SCOPE .role { margin: 4px 0 0; }
SCOPE p { margin: 2px 0; }
SCOPE a { color: var(--rondo-accent); }
SCOPE .words {
  max-height: 40vh; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext;
}
SCOPE .main { padding: 10px 12px; border: 1px solid var(--rondo-border); border-radius: var(--rondo-radius); }
SCOPE .changes span { unicode-bidi: isolate; }
SCOPE .out { background: var(--rondo-bad-soft); color: var(--rondo-bad); text-decoration: line-through; }
SCOPE .in { background: var(--rondo-ok-soft); color: var(--rondo-ok); text-decoration: underline; }
"""


def texts(scope: str) -> str:
    """Return the rules for texts inside a selector."""
    return TEXTS.replace("SCOPE", scope)
