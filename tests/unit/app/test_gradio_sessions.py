"""What Gradio keeps for a page that somebody has open."""

import gradio as gr
from gradio.state_holder import SessionState

from app import gradio_sessions


def test_a_page_that_is_opened_keeps_no_configuration_and_the_application_has_one() -> None:
    with gr.Blocks() as made:
        shown, kept = gr.Textbox("text", label="A"), gr.State(3)
    gradio_sessions.install()
    state = SessionState(made)
    state[kept._id] = 4
    state[shown._id] = gr.Textbox("another", label="B", render=False)
    state._update_value_in_config(shown._id, "third")
    assert list(state.components) == []
    assert (state[kept._id], state[shown._id].label) == (4, "B")
    assert [one["type"] for one in made.get_config_file()["components"]] == ["textbox", "state"]
