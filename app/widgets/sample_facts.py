"""What is told of a sample in a line: who wrote it, by which step, what was measured of it."""

from app.widgets.value_words import word
from backend.services.samples.chain import Chain
from backend.services.samples.detail import SampleDetail
from backend.translations import N_, gettext, ngettext, pgettext
from backend.values import GOES_ON, LabelSource
from backend.values.episodes import ASSISTANT

CORRECT = {True: N_("right"), False: N_("wrong"), None: "–"}


def source_word(source: LabelSource) -> str:
    """Whose label it is."""
    words = {LabelSource.judge: pgettext("label by", "judge"), LabelSource.person: pgettext("label by", "person")}
    return words.get(source, "–")


def score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def title(detail: SampleDetail) -> str:
    """Who wrote the text, where no checkpoint did; of a step in a tree, what the search noted of it."""
    if detail.edited_from_id is not None:
        text = gettext("Text by {name}, edited from sample {number}")
        return text.format(name=detail.author, number=detail.edited_from_id)
    if detail.turns and detail.author is None:
        count = sum(turn["role"] == ASSISTANT for turn in detail.turns)
        reward = detail.noted.get("reward")
        episode = ngettext("Episode of {number} text", "Episode of {number} texts", count).format(number=count)
        return episode + ("" if reward is None else gettext(", reward {reward}").format(reward=f"{reward:g}"))
    if GOES_ON in detail.noted and detail.author is None:  # a file may note anything under that name
        value, visits = detail.noted.get("value"), detail.noted.get("visits", 0)
        rated = gettext("no value") if value is None else gettext("value {value}").format(value=f"{value:g}")
        visited = ngettext("{number} visit", "{number} visits", visits).format(number=visits)
        return gettext("Step of a text (in the search: {rated}, {visits})").format(rated=rated, visits=visited)
    if not detail.author:
        return gettext("Text")
    noted = ", ".join(f"{name} {value}" for name, value in detail.noted.items() if not isinstance(value, dict | list))
    text = gettext("Text by {name} (the file says {noted})")
    return text.format(name=detail.author, noted=noted or gettext("nothing of it"))


def speaker(role: str) -> str:
    """Who says a turn of an episode."""
    return gettext("policy") if role == ASSISTANT else gettext("environment")


def facts(detail: SampleDetail) -> str:
    row = detail.label
    parts = [
        *([] if row.is_hidden else [gettext("score {score}").format(score=score(row.score))]),
        *([] if detail.machine_score is None and row.is_hidden else [judged(detail)]),
        *([] if row.is_hidden else [gettext("label by {source}").format(source=source_word(row.source))]),
        *(
            []
            if row.is_correct is None
            else [gettext("{correct} by the known answer").format(correct=gettext(CORRECT[row.is_correct]))]
        ),
        ngettext("{number} token", "{number} tokens", row.num_tokens).format(number=f"{row.num_tokens:,}"),
        gettext("finish {reason}").format(reason=row.finish_reason),
        gettext("checkpoint {name}").format(name=detail.checkpoint)
        if detail.checkpoint
        else gettext("brought by a file"),
        gettext("seed {number}").format(number=detail.seed),
        *made_by(detail.chain),
    ]
    return ", ".join(parts + ([f"log-prob {detail.logprob:.2f}"] if detail.logprob is not None else []))


def judged(detail: SampleDetail) -> str:
    parts = {"score": score(detail.machine_score), "verdict": word(detail.machine_verdict)}
    return gettext("judge {score} {verdict}").format(**parts).rstrip()


def made_by(chain: Chain) -> list[str]:
    """The step that made the text and the role that wrote it; nothing of a recipe of slots."""
    name = chain.names.get(chain.step)
    return (
        [
            gettext("step {number} ({name})").format(number=chain.step + 1, name=name),
            gettext("role {role}").format(role=chain.role),
        ]
        if name
        else []
    )
