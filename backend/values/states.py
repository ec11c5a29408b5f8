"""The words in which rows say what they are and how far they came."""

from enum import StrEnum

SCORER = "scorer"
"""A model whose head gives one number: it scores texts and writes none. A kind of checkpoint."""
WRAPPER = "wrapper"
"""A checkpoint whose engine holds another one: weights of an earlier checkpoint, and how they are used."""
PUSH = "push"
"""The kind of a job that sends a checkpoint or a dataset to the model hub with the installation's token."""


class Verdict(StrEnum):
    accept = "accept"
    reject = "reject"


class Sign(StrEnum):
    """Why a person's decision may change a sample's label: the first seven compare judgments and need no model.

    The others are features of the judge's surrogate (`pipeline/informativeness/surrogate.py`); `vote` is both.
    """

    unparsed = "unparsed"
    spread = "spread"
    cut = "cut"
    exact_match = "exact_match"
    verifier = "verifier"
    judges = "judges"
    vote = "vote"
    top = "top"
    others = "others"
    logprob = "logprob"
    grounded = "grounded"
    covered = "covered"
    counted = "counted"
    reason_end = "reason_end"
    reason_in = "reason_in"
    reason_grounded = "reason_grounded"
    reason_covers = "reason_covers"
    length = "length"
    reason_length = "reason_length"
    cut_off = "cut_off"
    habit = "habit"
    """Too few verdicts for a surrogate, or none that it finds improbable."""


class LabelSource(StrEnum):
    none = "none"
    judge = "judge"
    person = "person"


class Stage(StrEnum):
    generate = "generate"
    judge = "judge"
    review = "review"
    select = "select"
    train = "train"
    evaluate = "evaluate"


BEFORE_REVIEW = (Stage.generate, Stage.judge)


class Split(StrEnum):
    train = "train"
    held_out = "held_out"


class SetUse(StrEnum):
    """What a round does with a prompt set."""

    sample = "sample"
    held_out = "held_out"
    mix = "mix"


class DatasetType(StrEnum):
    """TRL's dataset types (TRL docs, "Dataset formats and types")."""

    prompt_completion = "prompt_completion"
    preference = "preference"
    unpaired_preference = "unpaired_preference"
    prompt_only = "prompt_only"
    language_modeling = "language_modeling"


class SampleKind(StrEnum):
    """Where a sample's text comes from."""

    completion = "completion"
    """A model wrote it for its round."""
    edit = "edit"
    """A person rewrote a text."""
    imported = "import"
    """A file brought it."""
    rollout = "rollout"
    """A trainer let the policy write it."""


class Mode(StrEnum):
    """What one item is and how it is decided."""

    sample = "sample"
    group = "group"
    pair = "pair"
    judgment = "judgment"


class CutRule(StrEnum):
    """Whether people's decisions move the judge's cut, and what the moved cut is the best for."""

    judge = "judge"
    f1 = "f1"
    youden = "youden"
    accuracy = "accuracy"


class DecisionKind(StrEnum):
    accept = "accept"
    reject = "reject"
    score = "score"
    prefer = "prefer"
    rank = "rank"
    edit = "edit"
    flag = "flag"
    skip = "skip"
    note = "note"
    retract = "retract"


class Role(StrEnum):
    """A person's role in a project; each includes the ones before it."""

    viewer = "viewer"
    reviewer = "reviewer"
    curator = "curator"
    admin = "admin"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class JobStatus(StrEnum):
    queued = "queued"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


class NoticeKind(StrEnum):
    """What a notice tells of. A training is told to whoever launched its round; of a round, those who may act hear."""

    round_done = "round_done"
    round_failed = "round_failed"
    round_review = "round_review"
    round_held = "round_held"
    training_done = "training_done"
    training_failed = "training_failed"
    assignment = "assignment"
    mention = "mention"
    reviewer_paused = "reviewer_paused"


class Channel(StrEnum):
    """Where a person is told: on the pages, by the browser's own notifications, by mail."""

    page = "page"
    browser = "browser"
    mail = "mail"


class WorkerOrder(StrEnum):
    """What a worker was told: take work, take no new work, or end as soon as what it does is done."""

    work = "work"
    pause = "pause"
    drain = "drain"


class RoundStatus(StrEnum):
    """`review` waits for people to decide, `held` for a curator's word before training; the others follow the jobs."""

    running = "running"
    review = "review"
    held = "held"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


class WarningLevel(StrEnum):
    """The light of a warning; `unknown` where there are too few rows to tell."""

    green = "green"
    amber = "amber"
    red = "red"
    unknown = "unknown"
