"""What Gradio keeps for a page that somebody has open."""

import gradio as gr
from gradio.state_holder import SessionState

from app import gradio_sessions
from tests.event_loops import in_event_loop


@in_event_loop
def small_page() -> tuple[gr.Blocks, gr.HTML, gr.State]:
    with gr.Blocks() as page:
        return page, gr.HTML("text"), gr.State(3)


def test_a_page_that_is_opened_keeps_no_configuration_and_the_application_has_one() -> None:
    page, shown, kept = small_page()
    gradio_sessions.install()
    state = SessionState(page)
    state[kept._id] = 4
    state[shown._id] = gr.HTML("another", render=False)
    state._update_value_in_config(shown._id, "third")
    assert list(state.components) == []
    assert (state[kept._id], state[shown._id].value) == (4, "another")
    assert [component["type"] for component in page.get_config_file()["components"]] == ["html", "state"]
