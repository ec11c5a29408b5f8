"""The words for what rows hold, such as a status, in the reader's language: in English the values themselves."""

from enum import StrEnum

from backend.translations import N_, gettext, pgettext
from backend.values import RoundStatus

WORDS = (
    *(N_("generate"), N_("judge"), N_("review"), N_("select"), N_("train"), N_("evaluate")),
    *(N_("queued"), N_("running"), N_("held"), N_("done"), N_("failed"), N_("cancelled")),
    *(N_("viewer"), N_("reviewer"), N_("curator"), N_("admin")),
    *(N_("green"), N_("amber"), N_("red"), N_("unknown"), N_("ok"), N_("no limit")),
    *(N_("accepted"), N_("rejected"), N_("undecided")),
    *(N_("accept"), N_("reject")),
    *(N_("answers"), N_("groups"), N_("prompts"), N_("rows"), N_("samples"), N_("steps"), N_("texts"), N_("trials")),
    *(N_("questions"), N_("rewrites"), N_("looks"), N_("matches")),
    *(N_("arena"), N_("checkpoint"), N_("dataset"), N_("job"), N_("judge bench"), N_("judged round"), N_("preview")),
    *(N_("prompt"), N_("prompt set"), N_("reviewed round"), N_("rewrite"), N_("round"), N_("sample")),
)
"""Stages, statuses, roles, lights, verdicts, what a job counts and what addresses ask for, for the catalogue."""
OF_REPORTS = (
    *(N_("labelled"), N_("selected"), N_("training rows"), N_("no verdict in any reply"), N_("no label")),
    *(N_("rows of earlier rounds"), N_("seed rows"), N_("rows of earlier steps"), N_("decisions of people")),
    *(N_("added"), N_("replaced"), N_("the parent round"), N_("wait for people")),
    *(N_("try again what was left out"), N_("try changes out")),
    *(N_("writes the texts"), N_("the policy itself"), N_("bound at launch"), N_("what the round made")),
    *(N_("Best"), N_("Worst"), N_("Most disagreed"), N_("Most changed by people")),
)
"""What reports call stages of a funnel, what fell out or joined, steps, jobs, roles and lists, for the catalogue."""
METRICS = (
    *(N_("held out accuracy"), N_("held out tokens"), N_("mean tokens"), N_("mean tokens accepted")),
    *(N_("mean characters"), N_("truncated share"), N_("override rate"), N_("score ties"), N_("judge unparsed")),
    *(N_("judge accuracy"), N_("judge precision"), N_("judge recall"), N_("judge accuracy people")),
    *(N_("judge precision people"), N_("judge recall people"), N_("judge mean"), N_("wins against start")),
)
"""The metrics that most rounds have, and what is computed of rounds, for the catalogue; others keep their names."""
REASONS = (
    *(N_("fewer than 30 prompts, too few for an interval"), N_("no prompt in common"), N_("no row on one side")),
    *(N_("equal on every prompt, which says nothing of the width"), N_("as independent numbers")),
    *(N_("on other prompts"), N_("partly on other prompts"), N_("on prompts that are too many to be paired")),
    N_("no value is kept for each prompt, and one of the two has no interval"),
    N_("no value is kept for each prompt, so the interval of the difference is unknown"),
    *(N_("could not be computed on one side"), N_("measured on one side only")),
    N_("measured on other prompts, so the numbers cannot be compared"),
    N_("it is not kept of each prompt whether it was right"),
    N_("fewer than two of them were measured on held-out prompts with a known answer"),
    N_("they were asked different held-out prompts, so that one order of them all would say nothing"),
)
"""Why a difference has no interval, or which one it has, for the catalogue."""


OF_TEAMS = (
    *(
        N_("verdict"),
        N_("score"),
        N_("best of group"),
        N_("on gold items"),
        N_("no verdict"),
        N_("skip"),
        N_("skipped"),
    ),
    *(N_("given when others' answers could be seen"), N_("given when the judge's or others' answers could be seen")),
    *(N_("people did not agree on one word"), N_("replies of the judge that could not be read")),
    *(N_("chosen"), N_("not chosen")),
    *(N_("rating"), N_("label"), N_("labels"), N_("text"), N_("spans"), N_("owner")),
)
"""What people are compared by, what is in no figure, and the kinds of questions, for the catalogue."""
DROPS = (
    N_("empty text"),
    N_("truncated"),
    N_("no score"),
    N_("no verdict"),
    N_("duplicate text"),
    N_("duplicate row"),
    N_("nearly the same row"),
    N_("below threshold"),
    N_("rated below threshold"),
    N_("rejected by a person"),
    N_("same text as one rejected by a person"),
    N_("rejected by people"),
    N_("accepted by people"),
    N_("all rejected by people"),
    N_("all accepted by people"),
    N_("all accepted or all rejected by people"),
    N_("turned round by a person"),
    N_("a step rejected by a person"),
    N_("a step below min_value"),
    N_("same text in a newer round"),
    N_("same text"),
    N_("same text on both sides"),
    N_("same answer on both sides"),
    N_("same text as the draft"),
    N_("same text with both labels"),
    N_("equal scores"),
    N_("over max_per_prompt"),
    N_("over max_per_question"),
    N_("over the quota of its category"),
    N_("over its share"),
    N_("margin below min_margin"),
    N_("gap below min_gap"),
    N_("gap too small"),
    N_("gap too large"),
    N_("chosen text over max_chosen_chars"),
    N_("top answer below tau"),
    N_("tie for the top"),
    N_("too hard"),
    N_("outlier"),
    N_("not drawn"),
    N_("fewer than two rated samples"),
    N_("fewer than two scored samples"),
    N_("fewer than two scored texts"),
    N_("fewer than two passes"),
    N_("fewer than min_reviewers"),
    N_("rated by too few"),
    N_("only one answer"),
    N_("no answer"),
    N_("no answer in a wrong sample"),
    N_("no answer in an accepted sample"),
    N_("no accepted sample"),
    N_("no right sample"),
    N_("no wrong sample"),
    N_("no worse sample"),
    N_("no better text"),
    N_("no draft"),
    N_("the draft is better"),
    N_("draft and revision are equally good"),
    N_("no entropy"),
    N_("no value"),
    N_("no margin of votes"),
    N_("no sample left for a side"),
    N_("no sample that was drawn"),
    N_("no verdict on the prompt's samples"),
    N_("no reply of the judge agrees with people"),
    N_("no reply that contradicts people"),
    N_("no side of an imported pair"),
    N_("the other side of the pair is missing"),
    N_("less different"),
    N_("less informative prompt"),
    N_("lower weight"),
    *(N_("too easy"), N_("used up"), N_("rejected"), N_("parent rejected"), N_("rejected by the judge")),
    *(N_("chosen scores lower than rejected"), N_("accepted samples give several answers")),
    *(N_("no drawn pair with a better side"), N_("the draft was not rejected"), N_("no better than the draft")),
    *(N_("no whole text after the step"), N_("between the thresholds"), N_("the row would not show it")),
    *(N_("same as a text before"), N_("same as a prompt there is"), N_("same as a held-out prompt")),
)
"""Why selectors and mixers drop samples and rows, for the catalogue; reasons with values keep their words."""
OF_DATASETS = (
    *(N_("by people"), N_("earlier rounds"), N_("earlier steps"), N_("decisions"), N_("adopted prompts")),
    *(N_("selected here"), N_("earlier"), N_("mix"), N_("decision"), N_("prompt completion"), N_("language modeling")),
    *(N_("preference"), N_("unpaired preference"), N_("recipe"), N_("recipe hash"), N_("policy id"), N_("judge id")),
    *(N_("template hashes"), N_("libraries"), N_("machine"), N_("cut")),
)
"""What is counted beside a stage of a funnel, types of rows, and a dataset's provenance, for the catalogue."""
OF_MACHINES = (
    *(N_("idle"), N_("busy"), N_("pausing"), N_("paused"), N_("draining"), N_("silent")),
    *(N_("base"), N_("trained"), N_("scorer"), N_("wrapper"), N_("policy"), N_("reward"), N_("reference")),
    *(N_("pass"), N_("warn"), N_("fail"), N_("not checked"), N_("loss"), N_("reward")),
    *(N_("known answers"), N_("other models"), N_("log-probabilities"), N_("documents"), N_("environment")),
    *(N_("sandbox"), N_("no weights"), N_("adapter"), N_("full")),
    *(N_("supervised"), N_("preferences"), N_("verdicts"), N_("reinforcement"), N_("distillation")),
    *(N_("completion"), N_("edit"), N_("import"), N_("rollout"), N_("export")),
    *(N_("learning rate"), N_("entropy"), N_("KL"), N_("lengths"), N_("others")),
)
"""States of workers, kinds and roles of checkpoints, what recipes need and train, for the catalogue."""


def word(value: StrEnum | str | None) -> str:
    """Return the word for a value; nothing for None."""
    if value is RoundStatus.review:
        return pgettext("status", "review")  # which is also a stage
    return "" if value is None else gettext(str(value))


def metric_name(name: str) -> str:
    """`mean_tokens` as people read it within a sentence."""
    return gettext(name.replace("_", " "))
