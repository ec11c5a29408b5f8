"""Held-out answers where there are a million of them: 10,000 prompts asked of 100 checkpoints, pages and comparisons.

`python -m tests.bench.held_out_1m [--checkpoints N] [--folder DIR]`: the best of five calls of each in milliseconds of
processor time, and of them those in the database; then from the address to the first content in Chromium. What is kept
of rows that never change is forgotten before each call, but where a line says "again". With a folder the project is
kept and used again.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import insert, select

from backend.db import now, reading, session, tables
from backend.db.bulk import insert_rows
from backend.services.access import Actor
from backend.services.held_out import answers, by_category, compared, listing, measured, side_by_side
from backend.services.held_out.filtering import HeldOutFilters, ShownPrompts
from backend.services.results import accuracies, metric_differences, paired
from backend.values import JSON, Split
from tests import rows
from tests.bench.place import data_folder
from tests.bench.round_1m import Statements
from tests.bench.samples_1m import kept_folder
from tests.bench.samples_screen import browser_page
from tests.integration.held_out import make_done_round, make_held_out

PROMPTS, BUDGET_MS, SETTLES_MS = 10_000, 100.0, 1000
TEXT = "Let us see. Twice the number is what is asked for, so we add it to itself, step by step. " * 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the project here and use it again")
    args = parser.parse_args()
    with kept_folder(args.folder) if args.folder else data_folder():
        actor, project_id, checkpoint_ids, round_ids, prompt_ids = there() or make(args.checkpoints)
        print(f"{len(prompt_ids) * len(checkpoint_ids):,} held-out answers", flush=True)
        slow = measure(actor, project_id, checkpoint_ids, round_ids, prompt_ids)
        on_screen(actor, checkpoint_ids, round_ids)
    if slow:
        raise SystemExit(f"Over {BUDGET_MS:g} ms: {', '.join(slow)}")


def there() -> tuple[Actor, int, list[int], list[int], list[int]] | None:
    """What `make` left in the folder."""
    with reading() as db:
        project_id = db.scalar(select(tables.Project.id))
        if project_id is None:
            return None
        row, prompt = tables.Round, tables.Prompt
        rounds = db.execute(select(row.checkpoint_id, row.id).order_by(row.id)).tuples().all()
        prompt_ids = [*db.scalars(select(prompt.id).order_by(prompt.id))]
        user = db.scalars(select(tables.User).order_by(tables.User.id)).first()
    assert user is not None
    return (
        Actor(user.id, user.name),
        project_id,
        [id_ for id_, _ in rounds if id_],
        [id_ for _, id_ in rounds],
        prompt_ids,
    )


def make(number: int) -> tuple[Actor, int, list[int], list[int], list[int]]:
    """A line of so many rounds, each right where the one before was but for one prompt in twenty."""
    project, draw = rows.make_project(), random.Random(0)
    held_out = make_held_out(project, PROMPTS)
    prompt_ids = [prompt.id for prompt in rows.prompts_of(held_out)]
    policy, checkpoint_ids, round_ids = rows.make_checkpoint(project), [], []
    right = {n for n in prompt_ids if draw.random() < 0.5}
    for place in range(number):
        round_, checkpoint = make_done_round(project, policy, [held_out])
        assert checkpoint
        right ^= set(draw.sample(prompt_ids, PROMPTS // 20))
        write(round_, checkpoint.id, prompt_ids, right, place)
        policy = checkpoint
        checkpoint_ids.append(checkpoint.id)
        round_ids.append(round_.id)
    return rows.make_actor(project), project.id, checkpoint_ids, round_ids, prompt_ids


def write(round_: tables.Round, checkpoint_id: int, prompt_ids: list[int], right: set[int], place: int) -> None:
    with session() as db:
        same: JSON = {"round_id": round_.id, "split": Split.held_out, "created_at": now()}
        groups = [same | {"prompt_id": n, "position": position} for position, n in enumerate(prompt_ids)]
        db.execute(insert(tables.Group), groups)
        group_ids = db.scalars(
            select(tables.Group.id).where(tables.Group.round_id == round_.id).order_by(tables.Group.position)
        ).all()
        common: JSON = {
            "project_id": round_.project_id,
            "round_id": round_.id,
            "checkpoint_id": checkpoint_id,
            "split": Split.held_out,
            "kind": "completion",
            "position": 0,
            "finish_reason": "stop",
            "num_tokens": 90,
            "seed": 0,
            "score_like": False,
            "step": 1,
            "role": "policy",
            "extra": {},
            "created_at": now(),
        }
        texts = [f"{TEXT} The answer is {'right' if n in right else f'wrong {place}'}." for n in prompt_ids]
        insert_rows(db, tables.Sample, common, {"group_id": group_ids, "prompt_id": prompt_ids, "text": texts})
        told = {"right": [n for n in prompt_ids if n in right], "wrong": [n for n in prompt_ids if n not in right]}
        draw = random.Random(place)
        shares = {str(n): draw.randrange(5) / 4 for n in prompt_ids}
        counts = {str(n): [draw.randrange(5), 4] for n in prompt_ids[: PROMPTS // 2]}
        of_checkpoint: dict[str, JSON] = {
            "held_out_accuracy": told,
            "held_out_tokens": {},
            "pass_at_4": {"by_prompt": shares},
            "held_out_similarity": {"by_prompt": {key: round(draw.random(), 6) for key in shares}},
        }
        of_round: dict[str, JSON] = {
            "judge_accept_rate": {"counts_by_prompt": counts},
            "judge_unparsed_rate": {"counts_by_prompt": counts},
        }
        for name, details in (of_checkpoint | of_round).items():
            metric = tables.Metric(
                project_id=round_.project_id,
                round_id=round_.id,
                checkpoint_id=checkpoint_id if name in of_checkpoint else None,
                name=name,
                value=len(right) / PROMPTS,
                n=PROMPTS,
                details=details,
            )
            db.add(metric)


def measure(
    actor: Actor, project_id: int, checkpoint_ids: list[int], round_ids: list[int], prompt_ids: list[int]
) -> list[str]:
    """Print each figure; return the names of those over the budget."""
    pair, six = [checkpoint_ids[0], checkpoint_ids[-1]], [*checkpoint_ids[:5], checkpoint_ids[-1]]

    def listed(ids: list[int], filters: HeldOutFilters, **place: int) -> Callable[[], object]:
        return lambda: listing.page(actor, project_id, ids, filters, **place)  # type: ignore[arg-type]

    asked: dict[str, Callable[[], object]] = {
        "all": listed(pair, HeldOutFilters()),
        "all, six checkpoints": listed(six, HeldOutFilters()),
        "all, from the middle": listed(pair, HeldOutFilters(), after=PROMPTS // 2),
        "all, back from the end": listed(pair, HeldOutFilters(), before=PROMPTS),
        **{str(show): listed(pair, HeldOutFilters(show)) for show in ShownPrompts if show is not ShownPrompts.all},
        "never right, six checkpoints": listed(six, HeldOutFilters(ShownPrompts.never_right)),
        "category": listed(pair, HeldOutFilters(category=("level", 2))),
        "newly wrong in a category": listed(pair, HeldOutFilters(ShownPrompts.newly_wrong, ("level", 2))),
        "search, all prompts": listed(pair, HeldOutFilters(search="much")),
        "search, one prompt": listed(pair, HeldOutFilters(search="9321")),
        "search, none": listed(pair, HeldOutFilters(ShownPrompts.newly_right, search="nowhere")),
        "one prompt": lambda: answers.detail(actor, project_id, prompt_ids[-1], six),
        "categories": lambda: listing.categories(actor, project_id, checkpoint_ids[-1]),
        "two rounds": comparison(actor, project_id, [round_ids[0], round_ids[-1]]),
        "two rounds, again": comparison(actor, project_id, [round_ids[0], round_ids[-1]]),
        "four rounds": comparison(actor, project_id, [*round_ids[:3], round_ids[-1]]),
        "four rounds, again": comparison(actor, project_id, [*round_ids[:3], round_ids[-1]]),
    }
    slow, statements = [], Statements()
    for name, call in asked.items():
        times, in_database = [], []
        for _ in range(5):
            if "again" not in name:
                forget()
            statements.taken.clear()
            start = time.process_time()
            call()
            times.append((time.process_time() - start) * 1000)
            in_database.append(sum(entry[0] for entry in statements.taken))
        print(f"{name:32}{min(in_database):9.1f} ms in the database {min(times):9.1f} in all", flush=True)
        if min(in_database) > BUDGET_MS:
            slow.append(name)
    return slow


def forget() -> None:
    """Let the next call read everything."""
    of_rows = (paired._kept, measured._kept, metric_differences._kept, accuracies._ways)
    for kept in (*of_rows, by_category._kept, by_category._categories):
        kept.clear()


def comparison(actor: Actor, project_id: int, round_ids: list[int]) -> Callable[[], object]:
    """What the page Compare asks of these rounds."""

    def asked() -> None:
        compared.sides(actor, project_id)
        both = side_by_side.compare_all(actor, project_id, [f"r{id_}" for id_ in round_ids])
        for pair in both.pairs:
            ids = [id_ for id_ in (pair.old.checkpoint_id, pair.new.checkpoint_id) if id_ is not None]
            for show in (ShownPrompts.newly_wrong, ShownPrompts.newly_right):
                listing.page(actor, project_id, ids, HeldOutFilters(show), limit=5)

    return asked


def on_screen(actor: Actor, checkpoint_ids: list[int], round_ids: list[int], *, repeats: int = 5) -> None:
    """Print milliseconds from the address to the first content of both pages, and to Gradio's own.

    The first is there whether the server drew it in the document or Gradio in the browser.
    """
    from tests.integration import site

    two, four = [round_ids[0], round_ids[-1]], [*round_ids[:3], round_ids[-1]]
    pair = f"old={checkpoint_ids[0]}&new={checkpoint_ids[-1]}"
    opened = {
        f"held-out?{pair}": ("held-out-list", "tr[data-id]"),
        f"held-out?{pair}&show=newly_wrong": ("held-out-list", "tr[data-id]"),
        f"compare?sides=r{two[0]},r{two[1]}": ("compared", "h2"),
        f"compare?sides={','.join(f'r{id_}' for id_ in four)}": ("compared", "h2"),
    }
    with browser_page(actor) as page:
        if page is None:
            return
        for address, (elem_id, what) in opened.items():
            first, own, worked = [], [], []
            for number in range(repeats + 1):
                started, begun = time.perf_counter(), time.process_time()
                page.goto(f"{site.address()}/{address}", wait_until="commit")
                page.wait_for_selector(f":is(#{elem_id}, [data-part={elem_id}]) {what}")
                came = (time.perf_counter() - started) * 1000
                page.wait_for_selector(f"#{elem_id} {what}")
                own_came, server = (time.perf_counter() - started) * 1000, (time.process_time() - begun) * 1000
                page.wait_for_timeout(SETTLES_MS)  # what a page does after it is there is not the next one's
                if number:  # the first one is not warm
                    first.append(came)
                    own.append(own_came)
                    worked.append(server)
            print(
                f"{address:40}{statistics.median(first):9.0f} ms to the first content, worst {max(first):.0f}; "
                f"{statistics.median(own):.0f} to Gradio's; the server {statistics.median(worked):.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
