"""The quiet theme: Gradio's variables, all pointing to the few colors of static/rondo.css."""

import inspect

import gradio as gr
from gradio.themes.utils import colors, sizes

FONT = ("Inter", "system-ui", "Segoe UI", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

_BG, _SURFACE, _RAISED = "var(--rondo-bg)", "var(--rondo-surface)", "var(--rondo-raised)"
_BORDER, _TEXT, _MUTED = "var(--rondo-border)", "var(--rondo-text)", "var(--rondo-muted)"
_ACCENT, _ACCENT_SOFT, _ON_ACCENT = "var(--rondo-accent)", "var(--rondo-accent-soft)", "var(--rondo-on-accent)"
_BAD, _BAD_SOFT = "var(--rondo-bad)", "var(--rondo-bad-soft)"

VALUES = {
    "body_background_fill": _BG,
    "body_text_color": _TEXT,
    "body_text_color_subdued": _MUTED,
    "background_fill_primary": _SURFACE,
    "background_fill_secondary": _BG,
    "border_color_primary": _BORDER,
    "border_color_accent": _ACCENT,
    "border_color_accent_subdued": _ACCENT,
    "color_accent": _ACCENT,
    "color_accent_soft": _ACCENT_SOFT,
    "link_text_color": _ACCENT,
    "link_text_color_active": _ACCENT,
    "link_text_color_hover": _ACCENT,
    "link_text_color_visited": _ACCENT,
    "code_background_fill": _RAISED,
    "block_background_fill": _SURFACE,
    "block_border_color": _BORDER,
    "block_info_text_color": _MUTED,
    "block_label_background_fill": _SURFACE,
    "block_label_border_color": _BORDER,
    "block_label_text_color": _MUTED,
    "block_title_text_color": _TEXT,
    "block_title_background_fill": "none",
    "panel_background_fill": _SURFACE,
    "panel_border_color": _BORDER,
    "accordion_text_color": _TEXT,
    "table_text_color": _TEXT,
    "table_border_color": _BORDER,
    "table_even_background_fill": _SURFACE,
    "table_odd_background_fill": _SURFACE,
    "table_row_focus": _ACCENT_SOFT,
    "input_background_fill": _SURFACE,
    "input_background_fill_focus": _SURFACE,
    "input_border_color": _BORDER,
    "input_border_color_focus": _ACCENT,
    "input_placeholder_color": _MUTED,
    "checkbox_background_color": _SURFACE,
    "checkbox_background_color_focus": _SURFACE,
    "checkbox_background_color_hover": _SURFACE,
    "checkbox_background_color_selected": _ACCENT,
    "checkbox_border_color": "var(--rondo-control)",
    "checkbox_border_color_focus": _ACCENT,
    "checkbox_border_color_hover": _ACCENT,
    "checkbox_border_color_selected": _ACCENT,
    "checkbox_label_background_fill": _SURFACE,
    "checkbox_label_background_fill_hover": _RAISED,
    "checkbox_label_background_fill_selected": _ACCENT_SOFT,
    "checkbox_label_border_color": _BORDER,
    "checkbox_label_border_color_hover": _BORDER,
    "checkbox_label_border_color_selected": _ACCENT,
    "checkbox_label_text_color": _TEXT,
    "checkbox_label_text_color_selected": _TEXT,
    "error_background_fill": _BAD_SOFT,
    "error_border_color": _BAD,
    "error_text_color": _BAD,
    "error_icon_color": _BAD,
    "loader_color": _ACCENT,
    "slider_color": _ACCENT,
    "stat_background_fill": _ACCENT,
    "button_primary_background_fill": _ACCENT,
    "button_primary_background_fill_hover": "var(--rondo-accent-strong)",
    "button_primary_border_color": _ACCENT,
    "button_primary_border_color_hover": "var(--rondo-accent-strong)",
    "button_primary_text_color": _ON_ACCENT,
    "button_primary_text_color_hover": _ON_ACCENT,
    "button_secondary_background_fill": _SURFACE,
    "button_secondary_background_fill_hover": _RAISED,
    "button_secondary_border_color": _BORDER,
    "button_secondary_border_color_hover": "var(--rondo-control)",
    "button_secondary_text_color": _TEXT,
    "button_secondary_text_color_hover": _TEXT,
    "button_cancel_background_fill": _SURFACE,
    "button_cancel_background_fill_hover": _BAD_SOFT,
    "button_cancel_border_color": _BAD,
    "button_cancel_border_color_hover": _BAD,
    "button_cancel_text_color": _BAD,
    "button_cancel_text_color_hover": _BAD,
}

SHAPES = {
    "block_shadow": "none",
    "block_border_width": "1px",
    "block_padding": "10px 12px",
    "block_label_shadow": "none",
    "block_label_text_size": "12px",
    "block_title_text_size": "13px",
    "block_title_text_weight": "500",
    "block_info_text_size": "*text_sm",
    "layout_gap": "12px",
    "form_gap_width": "0px",
    "input_shadow": "none",
    "input_shadow_focus": "0 0 0 2px var(--rondo-accent-soft)",
    "input_border_width": "1px",
    "button_border_width": "1px",
    "button_transform_hover": "none",
    "button_transform_active": "none",
    "button_primary_shadow": "none",
    "button_primary_shadow_hover": "none",
    "button_primary_shadow_active": "none",
    "button_secondary_shadow": "none",
    "button_secondary_shadow_hover": "none",
    "button_secondary_shadow_active": "none",
    "button_large_text_size": "*text_md",
    "button_large_padding": "7px 14px",
    "button_small_text_size": "12px",
    "button_large_text_weight": "500",
    "button_medium_text_weight": "500",
    "button_small_text_weight": "500",
    "shadow_drop": "none",
    "shadow_drop_lg": "var(--rondo-shadow)",
    "shadow_inset": "none",
}


class RondoTheme(gr.themes.Base):
    """Neutral greys and one accent. Light and dark differ in the colors of the style sheet only."""

    def __init__(self) -> None:
        super().__init__(
            primary_hue=colors.indigo,
            neutral_hue=colors.zinc,
            spacing_size=sizes.spacing_sm,
            radius_size=sizes.radius_sm,
            text_size=sizes.text_sm,
            font=FONT,
            font_mono=MONO,
        )
        # The same variable in both: what it stands for in the dark, the style sheet says.
        known = inspect.signature(gr.themes.Base.set).parameters
        dark = {f"{name}_dark": value for name, value in VALUES.items() if f"{name}_dark" in known}
        self.set(**VALUES, **dark, **SHAPES)
