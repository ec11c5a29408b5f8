"""One pass of a recipe from a checkpoint to a checkpoint; rounds form a tree."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import LocalEngine, RoundStatus, SetUse, Split, Stage


class Round(Identified, Base):
    """The recipe is stored whole. `stage` is where it is; `progress` holds what pages show without counting."""

    __tablename__ = "rounds"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id", ondelete="SET NULL"), index=True)
    status: Mapped[RoundStatus] = mapped_column(default=RoundStatus.running)
    stage: Mapped[Stage] = mapped_column(default=Stage.generate)
    recipe: Mapped[dict[str, Any]]
    policy_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    reference_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    judge_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    """None: the judge is the policy."""
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id", ondelete="SET NULL"), unique=True)
    """What the round made, once trained."""
    num_prompts: Mapped[int]
    seed: Mapped[int]
    is_reviewed: Mapped[bool] = mapped_column(default=False)
    is_blind: Mapped[bool] = mapped_column(default=True)
    review: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """How people review it: the fields of services.review_settings.ReviewSettings; what is missing has its default."""
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Written at the end of each stage: samples, judgments, unparsed, kept, overridden, funnel."""
    phase: Mapped[int] = mapped_column(default=0, server_default="0")
    """Which phase of the recipe it runs, fixed at launch."""
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    """The step of the phase that it is at, or before which it waits for people; `stage` is that step's kind. 0 for
    rounds from before recipes had steps."""
    steps: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """What a step has left for later ones, by its number: `{"groups": ids}` of a step that chose among groups, else
    `{"groups": null}`. A prompt source that reads the pool leaves nothing here."""
    tuned: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """What the recipe's schedule tried out before the round began, where it does: `{"changes": what it then changed in
    the recipe, "trials": [{"changes", "metrics"}]}`."""
    few_shot: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Accepted samples of earlier rounds that a step may show before its prompts, chosen at launch, by its number:
    `{"ids", "hash" of what is shown of them}`."""
    engine: Mapped[LocalEngine] = mapped_column(
        default=LocalEngine.transformers, server_default=str(LocalEngine.transformers)
    )
    """What serves model folders in it, as far as that can do what a step asks."""
    auto: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Of a round that is to be followed by others: `{"left": rounds that still follow, "rules": what stops them}`, and
    once it has ended `next` (the id of the round that followed) or `stopped` (why none did)."""
    branch_of_id: Mapped[int | None] = mapped_column(
        ForeignKey("rounds.id", name="fk_rounds_branch_of_id_rounds"), index=True
    )
    """Of a branch: the round whose rows it began with; its parent is that round's parent."""
    branch_step: Mapped[int | None]
    """Of a branch: its first step that ran anew; the rows of the steps before are copies."""
    hold: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Why the judge's light held the round before a training: `{"said", "figures", "at"}`; and once somebody let it go
    on `released`: `{"user_id", "who", "reason", "at"}`."""
    reopened: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Of a round whose review was opened again: `{"user_id", "who", "reason", "at", "status", "stage", "step": where it
    stood, "closed_at": since when it is over again}`."""
    archived_at: Mapped[datetime | None]
    """Since when not all of its rows are in the database: they are, or are about to be, in files."""
    archive: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Of an archived round: `{"state": services.round_archive.State, "by", "folder", "sha256" of its manifest, "rows"
    by file, "num_bytes", "checkpoints": those that its rows name, "kept": ids of what stays, by table}`."""
    error: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class RoundPromptSet(Base):
    __tablename__ = "round_prompt_sets"

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True)
    prompt_set_id: Mapped[int] = mapped_column(ForeignKey("prompt_sets.id"), primary_key=True, index=True)
    use: Mapped[SetUse] = mapped_column(primary_key=True)


class RoundRole(Base):
    """Who acts in a role beyond policy, reference and judge: a checkpoint bound at launch, or one made in the round."""

    __tablename__ = "round_roles"

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(40), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The training that made the checkpoint, which acts in the steps after it; -1: bound at launch."""
    checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"), index=True)


class Group(Identified, Base):
    """A question's place in a round: a prompt, or a question about a text. Held-out groups are for measuring.

    `messages`: what is asked, where it is not what the prompt says. `is_stripped`: training rows get the prompt's own
    messages instead. `cut`: so many characters of the parent were kept, where the question goes on from a part of it.
    """

    __tablename__ = "groups"
    __table_args__ = (UniqueConstraint("round_id", "split", "step", "position"),)

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"), index=True)
    split: Mapped[Split]
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    """The prompt source that asked it."""
    position: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE", use_alter=True, name="fk_groups_parent_id_samples"), index=True
    )
    """The text that the question is about."""
    messages: Mapped[list[Any] | None]
    is_stripped: Mapped[bool] = mapped_column(default=False, server_default=false())
    answer: Mapped[str | None]
    """The question's known answer, where it is not the prompt's."""
    cut: Mapped[int | None]
