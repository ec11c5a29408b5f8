"""The pages, in the order of the loop."""

from types import ModuleType

from app import uploads
from app.forms import identify
from app.listeners import Pages
from app.pages import (
    arena,
    audit,
    chat,
    checkpoints,
    compare,
    datasets,
    groups,
    held_out,
    jobs,
    judge_bench,
    me,
    new_round,
    notices,
    overview,
    pairs,
    people,
    previews,
    prompts,
    recipes,
    review,
    rewrites,
    round,
    samples,
    team,
    training,
    warnings,
    workers,
)

PAGES: tuple[ModuleType, ...] = (
    overview,
    round,
    warnings,
    prompts,
    recipes,
    new_round,
    samples,
    groups,
    review,
    team,
    jobs,
    workers,
    training,
    checkpoints,
    chat,
    held_out,
    arena,
    judge_bench,
    compare,
    datasets,
    pairs,
    previews,
    rewrites,
    me,
    notices,
    people,
    audit,
)


def build() -> Pages:
    """Assemble the application; the first page is the start page.

    What `Blocks.route` does, without leaving the context after each page: leaving builds a whole application, and
    nine of them cost seconds at every start.
    """
    kept = (3600, uploads.LASTS)  # looked through every hour
    with Pages(title="Rondo", analytics_enabled=False, fill_width=True, delete_cache=kept) as demo:
        for page in PAGES:
            if page.PATH:
                demo.pages.append((page.PATH, page.TITLE, True))
                demo.current_page = page.PATH
            page.build()
            # Else the last field of this page and the first of the next would share a form.
            demo.fill_expected_parents()
        demo.when_left(chat.leave)
        for block in demo.blocks.values():
            identify(block)
    return demo
