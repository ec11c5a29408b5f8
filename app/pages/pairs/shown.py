"""What the pair builder shows, as texts."""

from urllib.parse import urlencode

from app.widgets import drop_bars
from backend.services.pairs.choosing import KNOBS, SelectingRound
from backend.services.pairs.openings import Way
from backend.services.pairs.previews import PairPreview
from backend.translations import N_, gettext, ngettext
from backend.values import JSON

UNFIT = N_("Round {number} trains by {trainer}, which reads no pairs.")
WITH_DPO = N_(
    "A branch of it can train on these: by dpo, without seed rows and rows of earlier rounds, unless you change that "
    "in the form."
)
LATER = N_("Once the round has its checkpoint, a branch of it can train on such pairs.")
BLIND = N_(
    "Examples are shown when the review is over: people decide blind on these texts, and an example would tell what "
    "the judge said."
)


def result(preview: PairPreview, knobs: JSON, way: Way, number: int) -> JSON:
    """Rows, drops as bars, the gap in length, pairs of each category, examples; how a round trains on pairs whose own
    trainer reads none."""
    reads_none = gettext(UNFIT).format(number=number, trainer=preview.unfit)
    way_out = gettext(WITH_DPO if way is Way.form else LATER)
    asked = {"branch": preview.round_id, "at": "pairs"} | {name: knobs[name] for name in KNOBS if name in knobs}
    return {
        "unfit": f"{reads_none} {way_out}" if preview.unfit else "",
        "form": f"new-round?{urlencode(asked)}" if way is Way.form and preview.rows else "",
        "blind": gettext(BLIND) if preview.is_blind else "",
        "rows": f"{preview.rows:,}",
        "of": gettext("pairs of {prompts} prompts with {samples} samples").format(
            prompts=f"{preview.prompts:,}", samples=f"{preview.samples:,}"
        ),
        "gap": gap(preview.length_gap),
        "drops": drop_bars.bars((gettext(reason), count, "") for reason, count in preview.dropped.items()),
        "categories": [{"name": name, "count": f"{count:,}"} for name, count in preview.categories.items()],
        "others": ngettext("and {number} other category", "and {number} other categories", more).format(
            number=f"{more:,}"
        )
        if (more := preview.num_categories - len(preview.categories))
        else "",
        "category": knobs.get("category", ""),
        "none": gettext("No pair is left. Lower the margin, or ask for fewer reviewers.") if not preview.rows else "",
        "examples": [
            {
                "prompt": example.prompt,
                "chosen": example.chosen,
                "rejected": example.rejected,
                "margin": gettext("set apart by people")
                if example.margin is None
                else gettext("margin {number}").format(number=f"{example.margin:.3g}"),
                "target": f"samples?sample={example.chosen_id}",
                "other": f"samples?sample={example.rejected_id}",
            }
            for example in preview.examples
        ],
    }


BUTTONS = {
    Way.after_review: N_("Make it the round's selector"),
    Way.again: N_("Select again with these pairs"),
    Way.branch: N_("Launch a branch with these pairs"),
    Way.form: N_("Launch a branch with these pairs"),
    Way.none: N_("Make it the round's selector"),
}


def chosen(choice: SelectingRound) -> str:
    """What became of the knobs."""
    if choice.branch_of_number is not None:
        text = gettext("Round {number}, a branch of round {parent}, is launched by job {job}.")
    elif choice.job_id is None:
        text = gettext("Round {number} has its selector. It selects once its review is closed.")
    else:
        text = gettext("Round {number} has its selector. Job {job} selects now.")
    return text.format(number=choice.number, parent=choice.branch_of_number, job=choice.job_id)


def gap(characters: float | None) -> str:
    """`The chosen texts are 120 characters longer on average.`"""
    if characters is None:
        return gettext("The gap in length is not known without pairs.")
    if abs(characters) < 0.5:
        return gettext("The chosen texts are as long as the rejected ones on average.")
    text = gettext("The chosen texts are {number} characters shorter than the rejected ones on average.")
    if characters > 0:
        text = gettext("The chosen texts are {number} characters longer than the rejected ones on average.")
    return text.format(number=f"{abs(characters):,.0f}")
