"""Team page: the project's own questions, asked at the desk beside the verdict."""

from typing import Any

import gradio as gr

from app.pages.team import question_preview
from app.pages.team.question_rows import COLUMNS, FIELDS, named, table_row
from app.toasts import notice, toasts
from app.widgets import buttons, list_detail
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.plain_table import plain_table, rows_of
from app.widgets.roles import needs
from backend.errors import InvalidInput, RondoError, Stale
from backend.services import questions
from backend.services.questions import MOST_HELP, MOST_TITLE, NewQuestion, QuestionView
from backend.services.questions.reading_options import read_options
from backend.translations import N_, gettext
from backend.values import Role
from backend.values.questions import QuestionKind, QuestionOptions

KINDS = [
    (N_("Rating: a number from 1 up"), "rating"),
    (N_("Label: one of several"), "label"),
    (N_("Labels: any number of several"), "labels"),
    (N_("Text: written freely"), "text"),
    (N_("Spans: labelled places in the sample's text"), "spans"),
]
KNOWN_KINDS = [kind for _, kind in KINDS]
NONE = N_("No question yet. Add the ratings below with one click, or write one of your own.")
NEW = N_("A new question")


def build(private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    gr.Markdown(N_("What reviewers answer of each sample beside the verdict. Answers change no label."))
    with list_detail.side_by_side():
        with list_detail.listed():
            table = plain_table("questions-table")
            preview = markup(question_preview.TEMPLATE, question_preview.CSS, value={}, elem_id="questions-preview")
        with list_detail.detail(needs(Role.curator)):
            chosen = gr.Dropdown([(NEW, 0)], value=0, label=N_("Question"), filterable=False, elem_id="question-chosen")
            # In rows: one long form would go on beside itself, out of sight.
            with gr.Row():
                title = gr.Textbox(label=N_("What is asked"), max_length=MOST_TITLE, elem_id="question-title")
            with gr.Row():
                help_ = gr.Textbox(
                    label=N_("Help"),
                    info=N_("Shown below the question."),
                    lines=2,
                    max_length=MOST_HELP,
                    elem_id="question-help",
                )
            with gr.Row():
                kind = gr.Dropdown(
                    KINDS,
                    value="rating",
                    label=N_("Answered by"),
                    info=N_("Stays once the question is saved."),
                    filterable=False,
                    elem_id="question-kind",
                )
                highest = gr.Number(
                    5,
                    label=N_("Highest rating"),
                    info=N_("2 to 10."),
                    precision=0,
                    min_width=120,
                    elem_id="question-highest",
                )
            with gr.Row():
                labels = gr.Textbox(
                    label=N_("Labels"),
                    info=N_("One a line."),
                    lines=3,
                    max_length=4000,
                    visible=False,
                    elem_id="question-labels",
                )
            with gr.Row():
                key = gr.Textbox(
                    label=N_("Key"),
                    info=N_("Its name in filters, exports and recipes. Empty: made of the question."),
                    max_length=40,
                    elem_id="question-key",
                )
                is_required = gr.Checkbox(
                    label=N_("Required"), info=N_("No verdict is taken without an answer."), elem_id="question-required"
                )
                is_critique = gr.Checkbox(
                    label=N_("Critique"),
                    info=N_("Of a text: recipes may take what people write as a critique of the sample."),
                    visible=False,
                    elem_id="question-critique",
                )
            with gr.Row(elem_classes="rondo-toolbar"):
                save = buttons.primary(N_("Save question"), elem_id="question-save")
                up = buttons.secondary(N_("Move up"), interactive=False, elem_id="question-up")
                down = buttons.secondary(N_("Move down"), interactive=False, elem_id="question-down")
                retire = buttons.stop(N_("Retire or delete"), interactive=False, elem_id="question-retire")
                back = buttons.secondary(N_("Bring back"), interactive=False, elem_id="question-back")
            preset = buttons.secondary(N_("Add helpfulness, accuracy, style"), elem_id="question-preset")
            refused = problem("question-problem")
            version = gr.State(0)

    fields = [title, help_, kind, highest, labels, key, is_required, is_critique]
    acts = [up, down, retire, back, version]
    drawn = [table, preview, chosen, *fields, *acts]
    gr.on(None, show, None, drawn, **private)
    chosen.input(choose, chosen, [*fields, *acts, refused], **private)
    kind.input(choose_kind, kind, [highest, labels, is_critique], **private)
    save.click(save_question, [chosen, version, *fields], [*drawn, refused], **private)
    up.click(move_up, chosen, [*drawn, refused], **private)
    down.click(move_down, chosen, [*drawn, refused], **private)
    retire.click(retire_question, chosen, [*drawn, refused], **private)
    back.click(bring_back, chosen, [*drawn, refused], **private)
    preset.click(add_ratings, None, [*drawn, refused], **private)


@toasts
def show(request: gr.Request) -> list[Any]:
    """Draw what is asked, and an empty form."""
    return _drawn(context(request), None)


@toasts
@refused_beside(13)
def choose(question_id: int | None, request: gr.Request) -> list[Any]:
    """Put the chosen question into the form."""
    return _fields(_find(context(request), question_id) if question_id else None)


@toasts
def choose_kind(kind: str | None, request: gr.Request) -> list[Any]:
    """Show what a question of this kind can say, and nothing else."""
    context(request)
    return [gr.update(visible=shows) for shows in _shows(kind)]


def read_again(error: RondoError, *_given: Any, **_named: Any) -> list[Any]:
    """After a refusal the form stays as it is; what somebody else wrote was shown, and is replaced by the next save."""
    return [*[gr.skip()] * 15, error.version if isinstance(error, Stale) else gr.skip()]


@toasts
@refused_beside(16, FIELDS, refill=read_again)
def save_question(
    question_id: int | None,
    version: int,
    title: str | None,
    help: str | None,
    kind: str | None,
    highest: float | None,
    labels: str | None,
    key: str | None,
    is_required: bool | None,
    is_critique: bool | None,
    request: gr.Request,
) -> list[Any]:
    """Ask a new question, or change the chosen one."""
    here = context(request)
    if kind not in KNOWN_KINDS:
        raise InvalidInput("Choose how the question is answered.", field="kind")
    asked = QuestionKind(kind)
    given: dict[str, Any] = {}
    if asked.has_labels:
        given["labels"] = [line.strip() for line in (labels or "").splitlines() if line.strip()]
    elif asked is QuestionKind.rating:
        given["highest"] = highest
    elif asked is QuestionKind.text:
        given["is_critique"] = bool(is_critique)
    options: QuestionOptions = read_options(given)
    if question_id:
        view = questions.change(
            here.actor,
            int(question_id),
            title=title or "",
            help=help or "",
            options=options,
            is_required=bool(is_required),
            version=version,
        )
        notice(gettext("The question is saved. Reviewers see it when they open the review desk."))
    else:
        new = NewQuestion(title or "", asked, (key or "").strip(), help or "", options, bool(is_required))
        view = questions.add(here.actor, here.project_id, new)
        notice(gettext("The question is asked from now on, at desks that are opened."))
    return _drawn(here, view.id)


@toasts
@refused_beside(16, FIELDS)
def move_up(question_id: int | None, request: gr.Request) -> list[Any]:
    """Ask it before the one before it."""
    return _move(context(request), question_id, -1)


@toasts
@refused_beside(16, FIELDS)
def move_down(question_id: int | None, request: gr.Request) -> list[Any]:
    """Ask it after the one after it."""
    return _move(context(request), question_id, 1)


@toasts
@refused_beside(16, FIELDS)
def retire_question(question_id: int | None, request: gr.Request) -> list[Any]:
    """Ask it no more: with answers it is kept and retired, else it is deleted."""
    here = context(request)
    kept = questions.delete(here.actor, _chosen(question_id))
    notice(gettext("It is retired: its answers stay.") if kept else gettext("It is deleted: nobody had answered it."))
    return _drawn(here, kept.id if kept else None)


@toasts
@refused_beside(16, FIELDS)
def bring_back(question_id: int | None, request: gr.Request) -> list[Any]:
    """Ask a retired question again."""
    here = context(request)
    return _drawn(here, questions.change(here.actor, _chosen(question_id), is_active=True).id)


@toasts
@refused_beside(16, FIELDS)
def add_ratings(request: gr.Request) -> list[Any]:
    """Ask for helpfulness, accuracy and style, each from 1 to 5."""
    here = context(request)
    questions.add_preset(here.actor, here.project_id, "ratings")
    return _drawn(here, None)


def _move(here: Context, question_id: int | None, by: int) -> list[Any]:
    active = [view.id for view in questions.list_questions(here.actor, here.project_id, with_retired=False)]
    wanted = _chosen(question_id)
    if wanted not in active:
        raise InvalidInput("A retired question has no place. Bring it back first.")
    place = active.index(wanted)
    active.insert(max(0, place + by), active.pop(place))
    questions.order(here.actor, here.project_id, active)
    return _drawn(here, wanted)


def _chosen(question_id: int | None) -> int:
    if not question_id:
        raise InvalidInput("No question is chosen. Choose one above.")
    return int(question_id)


def _find(here: Context, question_id: int) -> QuestionView:
    known = questions.list_questions(here.actor, here.project_id)
    question_view = next((view for view in known if view.id == question_id), None)
    if question_view is None:
        raise InvalidInput("This question is not there any more. Choose another one.")
    return question_view


def _drawn(here: Context, chosen_id: int | None) -> list[Any]:
    """Everything, with this question in the form."""
    known = questions.list_questions(here.actor, here.project_id)
    choices = [(gettext(NEW), 0), *((named(view), view.id) for view in known)]
    question_view = next((view for view in known if view.id == chosen_id), None)
    dropdown = gr.Dropdown(choices, value=question_view.id if question_view else 0)
    table = rows_of(
        [gettext(name) for name in COLUMNS],
        [table_row(view, place) for place, view in enumerate(known, 1)],
        label=gettext("Questions of this project"),
        none=gettext(NONE),
    )
    return [table, question_preview.value_of(known), dropdown, *_fields(question_view)]


def _fields(view: QuestionView | None) -> list[Any]:
    """What the form holds, and what can be done with it. Kind and key of a question that is asked stay."""
    kind, is_new = str(view.kind) if view else "rating", view is None
    options = view.options if view else QuestionOptions()
    has_highest, has_labels, may_criticize = _shows(kind)
    is_active = view is not None and view.is_active
    return [
        view.title if view else "",
        view.help if view else "",
        gr.Dropdown(value=kind, interactive=is_new),
        gr.Number(options.highest, visible=has_highest),
        gr.Textbox("\n".join(options.labels), visible=has_labels),
        gr.Textbox(view.key if view else "", interactive=is_new),
        view is not None and view.is_required,
        gr.Checkbox(options.is_critique, visible=may_criticize),
        gr.Button(interactive=is_active),
        gr.Button(interactive=is_active),
        gr.Button(interactive=is_active or (view is not None and not view.has_answers)),
        gr.Button(interactive=view is not None and not view.is_active),
        view.version if view else 0,
    ]


def _shows(kind: str | None) -> tuple[bool, bool, bool]:
    """Whether a question of a kind has a highest rating, has labels, and may be a critique."""
    known = QuestionKind(kind) if kind in KNOWN_KINDS else None
    return known is QuestionKind.rating, known is not None and known.has_labels, known is QuestionKind.text
