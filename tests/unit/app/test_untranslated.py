"""The words that Gradio lacks are still asked for by the names under which the pages give them."""

from pathlib import Path

import gradio

from app.gradio_pages import UNTRANSLATED


def test_gradio_still_asks_for_these_names() -> None:
    assets = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    texts = [path.read_text(encoding="utf-8") for path in assets.glob("statustracker-*.js")]
    assert [name for name in UNTRANSLATED if not any(name in text for text in texts)] == []
