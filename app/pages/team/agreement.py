"""Team page: agreement of people with each other and with the judge."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import gradio as gr

from app.pages.team import templates
from app.toasts import toasts
from app.widgets import figures
from app.widgets.context import context
from app.widgets.markup import markup
from app.widgets.plain_table import plain_table, rows_of
from app.widgets.round_choice import known
from app.widgets.value_words import word
from backend.errors import Conflict
from backend.services.team import agreement, question_agreement
from backend.services.team.agreement import JUDGE, Agreement, Among, RaterPair
from backend.services.team.question_agreement import JudgeAgreement, QuestionAgreement
from backend.translations import N_, gettext

AMONG = [
    N_("Criterion"),
    N_("People"),
    N_("Shared items"),
    N_("Raw agreement"),
    N_("Fleiss' kappa"),
    N_("Krippendorff's alpha"),
]
PAIRS = [
    N_("Criterion"),
    N_("Who"),
    N_("With"),
    N_("Shared items"),
    N_("Raw agreement"),
    N_("Cohen's kappa"),
    N_("Krippendorff's alpha"),
]
QUESTIONS = [
    N_("Question"),
    N_("Label"),
    N_("People"),
    N_("Answers"),
    N_("Shared items"),
    N_("Raw agreement"),
    N_("Krippendorff's alpha"),
]
JUDGED = [
    N_("Question"),
    N_("Label"),
    N_("Who"),
    N_("With"),
    N_("Shared items"),
    N_("Raw agreement"),
    N_("Cohen's kappa"),
    N_("Krippendorff's alpha"),
]
NOT_JUDGED = N_(
    "No judge answered the project's questions in this round. New round has a button for it, and the round's page a "
    "branch."
)
NO_ANSWERS = N_("No question of the project was answered in this round. The tab Questions has what is asked.")
NAMES = ("among", "questions", "judged", "pairs", "judge", "random")
NONE = N_("No item was decided by two people yet.")
NO_BLIND = N_("Nobody has decided an item before the judge's view was seen.")
NO_RANDOM = N_("No such item was drawn at random.")
HELP = N_(
    "Raw agreement is the share of pairs that said the same. Kappa and alpha take away what chance would give: 1 is "
    "full agreement, 0 is chance. In brackets: the 95% interval, by bootstrap over items."
)


def build(chosen: gr.Dropdown, tab: gr.Tab, private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    note = markup(templates.NOTE, templates.NOTE_CSS, value=[HELP], elem_id="agreement-note")
    tables = [plain_table(f"agreement-{name}") for name in NAMES]
    shown = [note, *tables]
    tab.select(show, chosen, shown, **private)
    chosen.input(show, chosen, shown, **private)


@toasts
def show(round_id: int | None, request: gr.Request) -> list[Any]:
    """Measure the chosen round."""
    round_id = known(round_id, request)
    if round_id is None:
        return [[gettext(HELP)], *[{} for _ in NAMES]]
    actor = context(request).actor
    try:
        measured, asked = agreement.measure(actor, round_id), question_agreement.measure(actor, round_id)
        judged = question_agreement.with_judges(actor, round_id)
    except Conflict as error:  # its rows lie in an archive
        return [[gettext(HELP), error.message], *[{} for _ in NAMES]]
    return [
        [gettext(HELP), *notes(measured), *notes_of_questions(asked), *notes_of_judges(judged)],
        rows_of(
            [gettext(name) for name in AMONG],
            [among_row(row) for row in measured.among],
            label=gettext("All people together"),
            none=gettext(NONE),
        ),
        rows_of(
            [gettext(name) for name in QUESTIONS],
            [question_row(row) for row in asked],
            label=gettext("The project's questions"),
            none=gettext(NO_ANSWERS),
        ),
        rows_of(
            [gettext(name) for name in JUDGED],
            [judged_row(row) for row in judged],
            label=gettext("The judge in these questions"),
            none=gettext(NOT_JUDGED),
        ),
        *[
            rows_of([gettext(name) for name in PAIRS], [pair_row(pair) for pair in pairs], label=label, none=none)
            for pairs, label, none in (
                (measured.pairs, gettext("Person with person"), gettext(NONE)),
                (measured.judge, gettext("Person with the judge, decided before its view was seen"), gettext(NO_BLIND)),
                (measured.judge_random, gettext("The same, on items drawn at random only"), gettext(NO_RANDOM)),
            )
        ],
    ]


def notes(agreement: Agreement) -> list[str]:
    """What was left out, in words."""
    notes_ = (
        [gettext("In no figure: {counts}.").format(counts=_counts(agreement.left_out))] if agreement.left_out else []
    )
    more = {why: n for why, n in agreement.left_out_of_judge.items() if why not in agreement.left_out}
    return notes_ + ([gettext("In no figure with the judge: {counts}.").format(counts=_counts(more))] if more else [])


def notes_of_questions(asked: Sequence[QuestionAgreement]) -> list[str]:
    """What of the answers to questions was left out, in words."""
    left_out: Counter[str] = Counter()
    for of_question in {line.question_id: line.left_out for line in asked}.values():
        left_out.update(of_question)
    return (
        [gettext("Answers to questions in no figure: {counts}.").format(counts=_counts(left_out))] if left_out else []
    )


def notes_of_judges(judged: Sequence[JudgeAgreement]) -> list[str]:
    """What of a question is in no figure with a judge, in words, a question each."""
    of_question = {line.title: line.left_out for line in judged if line.left_out}
    return [
        gettext("{title}, in no figure with the judge: {counts}.").format(title=title, counts=_counts(left_out))
        for title, left_out in of_question.items()
    ]


def _counts(left_out: dict[str, int]) -> str:
    return "; ".join(f"{number:,} {gettext(why)}" for why, number in left_out.items())


def among_row(among: Among) -> list[str]:
    return [
        word(among.criterion),
        str(among.people),
        f"{among.percent.n:,}",
        figures.share(among.percent),
        figures.kappa(among.fleiss),
        figures.kappa(among.alpha),
    ]


def pair_row(pair: RaterPair) -> list[str]:
    return [
        word(pair.criterion),
        pair.first,
        gettext(JUDGE) if pair.second == JUDGE else pair.second,
        f"{pair.percent.n:,}",
        figures.share(pair.percent),
        figures.kappa(pair.cohen),
        figures.kappa(pair.alpha),
    ]


def question_row(row: QuestionAgreement) -> list[str]:
    return [
        row.title,
        row.label,
        str(row.people),
        f"{row.answers:,}",
        f"{row.percent.n:,}",
        figures.share(row.percent),
        figures.kappa(row.alpha),
    ]


def judged_row(row: JudgeAgreement) -> list[str]:
    return [
        row.title,
        row.label,
        row.first,
        row.second,
        f"{row.percent.n:,}",
        figures.share(row.percent),
        figures.kappa(row.kappa),
        figures.kappa(row.alpha),
    ]
