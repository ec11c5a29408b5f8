"""Gradio's page template gets our frame."""

from pathlib import Path

import gradio.routes
import pytest

from app.widgets import header

SOURCE = (Path(gradio.routes.STATIC_TEMPLATE_LIB) / header.NAME).read_text(encoding="utf-8")


def test_the_header_comes_first_in_the_body() -> None:
    framed = header.framed(SOURCE)
    assert framed.index('{% include "header.html" %}') < framed.index("<gradio-app")
    assert framed.index("rondo.css") < framed.index("</head>")


def test_what_gradio_says_of_itself_to_other_sites_is_gone() -> None:
    framed = header.framed(SOURCE)
    assert "og:image" not in framed
    assert "githubusercontent" not in framed
    assert "manifest.json" not in framed


def test_a_template_without_the_places_is_refused() -> None:
    with pytest.raises(RuntimeError, match="the Gradio version it pins"):
        header.framed("<html></html>")
