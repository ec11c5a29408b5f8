"""The components that people fill in."""

import gradio as gr

FormField = gr.Textbox | gr.Number | gr.Checkbox | gr.CheckboxGroup | gr.Dropdown
"""Each has the event `input`: a person changed the value. Gradio's base class of components does not have it."""
