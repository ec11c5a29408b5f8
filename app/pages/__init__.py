"""The pages, in the order of the loop."""

import importlib
from types import ModuleType

import gradio as gr

NAMES = ("overview", "prompts", "new_round", "samples", "review", "jobs", "checkpoints", "datasets", "people")


def _present() -> tuple[ModuleType, ...]:
    found = []
    for name in NAMES:
        try:
            found.append(importlib.import_module(f"app.pages.{name}"))
        except ModuleNotFoundError as error:
            print("MISSING PAGE", name, error)
    return tuple(found)


PAGES = _present()


def build(pages: tuple[ModuleType, ...] = PAGES) -> gr.Blocks:
    """Assemble the application; the first page is the start page."""
    start, *others = pages
    with gr.Blocks(title="Rondo", analytics_enabled=False, fill_width=True) as demo:
        start.build()
    for page in others:
        with demo.route(page.TITLE, page.PATH):
            page.build()
    demo.queue(default_concurrency_limit=20)
    return demo
