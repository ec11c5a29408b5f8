"""What a training is about to do, said before its first step: its rows as TRL's trainer made them, and what they take.

All is read from the trainer that is then run, so that what is shown and what is trained cannot differ.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.trainers import TrainSpec, _memory, _rows, _script, _texts
from backend.trainers._inputs import LeftOut, Row, TrainerInputs
from backend.trainers._knobs import TRLKnobs
from backend.values import JSON, SCORER, DatasetType

if TYPE_CHECKING:
    from transformers import Trainer as HFTrainer

log = logging.getLogger("rondo.trainers")

FILE = "preflight.json"
COUNTED = 2000
"""Rows whose tokens are counted; of more, so many at equal distances."""
SHOWN = 5
SHOWN_TOKENS = 600
CLASSIFIED = ("labels", "completion_mask")
"""How a collator says which tokens are learned: -100 in the first, or 0 in the second, stands at those that are not."""


@dataclass(frozen=True)
class Ready:
    """A training that is about to begin. `rows`: all that were given; `ordinary`: those that TRL was given; `most`:
    tokens of an example; `fitted`: None where a trainer writes its own texts and was only looked at."""

    rows: list[Row]
    ordinary: list[Row]
    left_out: LeftOut
    rows_used: int
    most: int
    fitted: "HFTrainer | None"


@dataclass(frozen=True)
class Text:
    """Tokens that the model reads, and whether each is in the loss."""

    ids: list[int]
    learned: list[bool]


def write(folder: Path, trainer: TRLKnobs, spec: TrainSpec, weights: TrainerInputs, ready: Ready) -> None:
    """Write the report beside the training's other files, whole or not at all."""
    _put(folder, report(trainer, spec, weights, ready))


def _put(folder: Path, report: JSON) -> None:
    part = folder / f"{FILE}.part"
    part.write_text(json.dumps(report, ensure_ascii=False), encoding="utf-8")
    part.replace(folder / FILE)


def note(folder: Path, trainer: TRLKnobs, spec: TrainSpec, weights: TrainerInputs, ready: Ready) -> None:
    """Write the report; where it cannot be made, a small one that says why: a training does not end for it."""
    try:
        write(folder, trainer, spec, weights, ready)
    except Exception as error:
        log.exception("no pre-flight of %s", trainer.name)
        why = str(error) or type(error).__name__
        report: JSON = {
            "trainer": trainer.name,
            "rows": len(ready.rows),
            "rows_used": ready.rows_used,
            "first": [],
            "failure": f"What this training is about to do could not be said: {why}",
        }
        _put(folder, report)


def report(trainer: TRLKnobs, spec: TrainSpec, weights: TrainerInputs, ready: Ready) -> JSON:
    """Return rows, tokens, what is cut, memory, the first rows, TRL's config and a script of TRL alone, as JSON."""
    report_: JSON = {
        "trainer": trainer.name,
        "rows": len(ready.rows),
        "rows_used": ready.rows_used,
        "left_out": _reasons(ready.left_out),
        "max_length": ready.most,
    }
    if ready.fitted is None or spec.dataset_type == DatasetType.prompt_only:
        return report_ | _of_prompts(weights, ready) | _paced(trainer, trainer.max_steps)
    fitted = ready.fitted
    # As the data loader does it: a column that the model does not take never reaches the collator.
    dataset: Any = fitted._remove_unused_columns(fitted.train_dataset, "training")  # type: ignore[arg-type]
    places = evenly(len(dataset), COUNTED)
    texts = [list(collated(fitted.data_collator([dataset[place]]))) for place in places]
    if not all(texts):  # a trainer of another package, whose collator names its columns otherwise
        return report_ | _of_prompts(weights, ready) | _paced(trainer, trainer.max_steps)
    lengths = [[len(text.ids) for text in row] for row in texts]
    longest = max(map(max, lengths))
    passes = trainer.per_device_train_batch_size * max(map(len, lengths))
    memory = _memory.estimated(
        fitted.model,
        weights.reference,
        tokens=passes * longest,
        half=bool(fitted.args.bf16),
        recomputes=trainer.gradient_checkpointing,
        head=trainer.makes != SCORER,
    )
    memory = _memory.shared(memory, trainer.num_processes, trainer.strategy)
    scale = len(dataset) / len(places)
    written, why = _script.of(trainer, spec, weights, fitted, ready.ordinary, ready.left_out, len(ready.rows))
    return report_ | {
        "examples": len(dataset),
        "counted": len(places),
        "tokens": round(scale * sum(map(sum, lengths))),
        "tokens_learned": round(scale * sum(sum(text.learned) for row in texts for text in row)),
        "longest": longest,
        "truncated": {"rows": None, "of": len(places)} if trainer.packs else _truncated(weights, ready, texts, places),
        "passes": round(trainer.steps(len(dataset)) / trainer.steps_of_pass(len(dataset)), 2),
        **_paced(trainer, trainer.steps(len(dataset))),
        "processes": trainer.num_processes,
        "repeated": trainer.repeated(len(dataset)),
        "memory": memory.to_json(),
        "first": [_shown(weights.tokenizer, row) for row in texts[:SHOWN]],
        "config": _script.config_of(fitted.args),
        "config_class": type(fitted.args).__name__,
        "script": written,
        "no_script": why,
    }


def evenly(count: int, most: int) -> list[int]:
    """Places of at most so many of `count` things, at equal distances, the first one among them."""
    return list(range(count)) if count <= most else [place * count // most for place in range(most)]


def collated(batch: Any) -> Iterator[Text]:
    """The texts of a batch as TRL's collators give them, without padding; a pair has its chosen side first."""
    for prefix in ("", "chosen_", "rejected_") if isinstance(batch, Mapping) else ():
        ids = batch.get(f"{prefix}input_ids")
        if ids is None:
            continue
        marks = next((batch[prefix + name] for name in CLASSIFIED if prefix + name in batch), None)
        attended = batch[f"{prefix}attention_mask"].bool() if f"{prefix}attention_mask" in batch else ids == ids
        if marks is None or marks.shape != ids.shape:  # the labels of whole texts, or none: all of it is read
            learned = attended
        else:
            learned = marks != _texts.IGNORED if f"{prefix}labels" in batch else marks.bool()
        for text, seen, in_loss in zip(ids, attended, learned, strict=True):
            yield Text(text[seen].tolist(), in_loss[seen].tolist())


def parts(tokenizer: Any, text: Text, most: int = SHOWN_TOKENS) -> list[JSON]:
    """The text in pieces of which all tokens are learned, or none; cut at so many tokens."""
    parts_, start = [], 0
    for learned, run in groupby(text.learned[:most]):
        end = start + len(list(run))
        parts_.append({"text": tokenizer.decode(text.ids[start:end]), "learned": learned})
        start = end
    return parts_


def _shown(tokenizer: Any, texts: Sequence[Text]) -> list[JSON]:
    names = ("chosen", "rejected") if len(texts) == 2 else ("",)
    return [
        {
            "side": name,
            "tokens": len(text.ids),
            "learned": sum(text.learned),
            "parts": parts(tokenizer, text),
            "is_cut": len(text.ids) > SHOWN_TOKENS,
        }
        for name, text in zip(names, texts, strict=True)
    ]


def _truncated(weights: TrainerInputs, ready: Ready, texts: Sequence[Sequence[Text]], places: Sequence[int]) -> JSON:
    """How many of the counted rows were cut at max_length: of the rows that fill it, those that are longer."""
    assert ready.fitted is not None
    dataset: Any = ready.fitted.train_dataset
    kept = [row for row in ready.ordinary if row.number not in ready.left_out]
    full = [place for place, row in zip(places, texts, strict=True) if any(len(text.ids) >= ready.most for text in row)]
    if _texts.ROW in dataset.column_names:
        numbers = dataset[_texts.ROW]
        full_rows = [ready.ordinary[numbers[place]] for place in full]
    elif len(kept) == len(dataset):
        full_rows = [kept[place] for place in full]
    else:
        return {"rows": None, "of": len(places)}
    return {"rows": len(_rows.too_long(weights.tokenizer, full_rows, ready.most, whole=True)), "of": len(places)}


def _of_prompts(weights: TrainerInputs, ready: Ready) -> JSON:
    """What can be said of a trainer that writes its own texts: the prompts that it will be given."""
    kept = [row for row in ready.ordinary if row.number not in ready.left_out]
    prompts = [chats[0] for place in evenly(len(kept), COUNTED) if (chats := kept[place].chats)]
    lengths = [_rows.prompt_length(weights.tokenizer, prompt) for prompt in prompts]
    first = [
        weights.tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        for prompt in prompts[:SHOWN]
    ]
    return {
        "examples": len(kept),
        "counted": len(prompts),
        "tokens": round(sum(lengths) * len(kept) / max(1, len(prompts))),
        "tokens_learned": None,
        "longest": max(lengths, default=0),
        "truncated": {"rows": 0, "of": len(prompts)},
        "memory": None,
        "first": [
            [
                {
                    "side": "prompt",
                    "tokens": n,
                    "learned": 0,
                    "parts": [{"text": text, "learned": False}],
                    "is_cut": False,
                }
            ]
            for n, text in zip(lengths, first, strict=False)
        ],
        "config": None,
        "config_class": "",
        "script": None,
        "no_script": "It writes its own texts by parts of Rondo while it trains: TRL alone cannot run it.",
    }


def _paced(trainer: TRLKnobs, steps: int) -> JSON:
    """Optimizer steps, those of the warm-up, and the highest learning rate as a share of `learning_rate`.

    None where the number of steps is not known beforehand.
    """
    if steps <= 0:
        return {"steps": None, "warm_up": None, "peak_share": None}
    return {"steps": steps, "warm_up": trainer.warm_up(steps), "peak_share": trainer.peak_share(steps)}


def _reasons(left_out: LeftOut) -> JSON:
    reasons: dict[str, int] = {}
    for failure in left_out.values():
        reasons[str(failure.kind)] = reasons.get(str(failure.kind), 0) + 1
    return reasons
