"""A project's loop at a glance: one line a round, and the one thing to do next."""

from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import Conflict
from backend.services import rounds
from backend.services.access import Actor, require, role_of
from backend.services.loop_lines import RoundLine, count_decided, is_worse, lines_of
from backend.values import Role, RoundStatus, Split


@dataclass(frozen=True)
class NextAction:
    """The one recommended thing to do. `target`: a page with its query; `parent_id`: the round a launch starts from.

    `cancels_id`: the waiting round that may be cancelled instead.
    """

    kind: str
    label: str
    why: str
    target: str
    parent_id: int | None = None
    cancels_id: int | None = None


@dataclass(frozen=True)
class Loop:
    """All that the overview shows."""

    project_id: int
    project: str
    lines: tuple[RoundLine, ...]
    next_action: NextAction

    @property
    def rounds(self) -> tuple[RoundLine, ...]:
        return tuple(line for line in self.lines if line.round_id is not None)


def loop(actor: Actor, project_id: int) -> Loop:
    """Return the project's rounds, oldest first after the base, and what to do next."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        project = db.get_one(tables.Project, project_id)
        lines = lines_of(db, project_id)
        action = _next_action(db, project_id, lines)
        role = role_of(db, actor, project_id) or Role.viewer
    return Loop(project.id, project.name, lines, _allowed(action, role))


def launch_next(actor: Actor, project_id: int, *, expected: list[object] | None = None) -> int:
    """Launch the recommended round as it stands and return its id.

    `expected` is what the person saw, [kind, parent id, number of rounds]: a second click, or a click on an old page,
    launches nothing.
    """
    seen = loop(actor, project_id)
    action = seen.next_action
    now = [action.kind, action.parent_id, len(seen.rounds)]
    if action.kind not in ("next", "restart") or expected not in (None, now):
        raise Conflict("The loop has gone on since this page was drawn, so nothing was launched. Look at it again.")
    plan = rounds.defaults(actor, project_id, action.parent_id)
    return rounds.launch(actor, project_id, plan, after_number=max(line.number for line in seen.lines))


def _next_action(db: Session, project_id: int, lines: tuple[RoundLine, ...]) -> NextAction:
    if not lines:
        return _first_action(db, project_id)
    made = lines[1:]
    waiting = [line for line in made if line.status is RoundStatus.review]
    if waiting:
        return _review(db, waiting[-1])
    running = [line for line in made if line.status is RoundStatus.running]
    if running:
        return _watch(running[-1])
    newest = made[-1]
    if newest.status is RoundStatus.failed:
        why = f"Round {newest.number} failed while it was to {newest.stage}. What it wrote so far is kept."
        job = db.scalar(select(func.max(tables.Job.id)).where(tables.Job.round_id == newest.round_id))
        return NextAction("failed", f"See why round {newest.number} failed", why, f"jobs?job={job}" if job else "jobs")
    return _launch(lines)


def _first_action(db: Session, project_id: int) -> NextAction:
    prompt_set, checkpoint = tables.PromptSet, tables.Checkpoint
    prompts = db.scalar(
        select(func.sum(prompt_set.num_prompts)).where(
            prompt_set.project_id == project_id, prompt_set.split == Split.train
        )
    )
    if not prompts:
        return NextAction("import", "Import prompts", "A round starts from prompts, and there are none yet.", "prompts")
    if db.scalar(select(checkpoint.id).where(checkpoint.project_id == project_id).limit(1)) is None:
        why = "The prompts are there. Now say which model answers them."
        return NextAction("register", "Register a checkpoint", why, "checkpoints")
    why = f"{prompts:,} prompts and a checkpoint are ready."
    return NextAction("launch", "Launch the first round", why, "new-round")


def _review(db: Session, line: RoundLine) -> NextAction:
    decided = count_decided(db, line.round_id or 0)
    left = max(0, (line.samples or 0) - decided.number)
    number = f"{decided.number:,}" if decided.is_exact else f"over {decided.number:,}"
    of = f"{number} of {line.samples or 0:,} samples are decided" + (f", {left:,} left" if decided.is_exact else "")
    again = " again, as nothing was kept" if line.error else ""
    why = f"Round {line.number} waits for people{again}: {of}."
    target = f"review?round={line.round_id}"
    return NextAction("review", f"Review round {line.number}", why, target, cancels_id=line.round_id)


def _watch(line: RoundLine) -> NextAction:
    job = line.progress
    if job is None:
        why = f"Round {line.number} is about to {line.stage}."
        return NextAction("watch", f"Watch round {line.number}", why, "jobs")
    far = f"{job.done:,} of {job.total:,} {job.unit}" if job.total else job.status.value
    why = f"Round {line.number} is in the stage {job.stage}: {far}."
    return NextAction("watch", f"Watch round {line.number}", why, f"jobs?job={job.job_id}")


def _launch(lines: tuple[RoundLine, ...]) -> NextAction:
    """After the newest round: from its checkpoint, unless that is significantly worse than an earlier one."""
    newest = lines[-1]
    done = [line for line in lines if line.checkpoint_id is not None]
    last = done[-1]
    number = newest.number + 1
    best = max(done, key=lambda line: line.accuracy.value if line.accuracy else -1.0)
    if best.accuracy and last.accuracy and is_worse(last.accuracy, best.accuracy):
        whose = f"round {best.number}" if best.round_id else "the base"
        why = (
            f"Held-out accuracy fell from {best.accuracy.value:.1%} ({whose}) to {last.accuracy.value:.1%} "
            f"(round {last.number}), more than chance explains."
        )
        target = f"new-round?from={best.round_id or 'base'}"
        kind = "restart" if best.round_id else "launch"
        return NextAction(kind, f"Start round {number} from {whose}", why, target, best.round_id)
    if last.round_id is None:
        why = f"Round {newest.number} ended without a checkpoint ({newest.status})."
        return NextAction("launch", "Launch a round from the base", why, "new-round?from=base")
    why = f"Round {last.number} is done and its checkpoint {last.checkpoint} is measured."
    target = f"new-round?from={last.round_id}"
    return NextAction("next", f"Launch round {number} from {last.checkpoint}", why, target, last.round_id)


def _allowed(action: NextAction, role: Role) -> NextAction:
    """People who may not do the next thing are told who may."""
    needs = {"import": Role.curator, "register": Role.curator, "launch": Role.curator, "next": Role.curator,
             "restart": Role.curator, "review": Role.reviewer}  # fmt: skip
    needed = needs.get(action.kind, Role.viewer)
    if role.rank >= needed.rank:
        return action if role.rank >= Role.curator.rank else replace(action, cancels_id=None)
    return NextAction("wait", "", f"{action.why} Next, a {needed} can: {action.label.lower()}.", "")
