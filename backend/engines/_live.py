"""An engine around weights that are in training in this process."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from backend.engines import Engine, _chat
from backend.engines.transformers import Transformers


@contextmanager
def around(model: Any, tokenizer: Any, *, name: str, batch_size: int) -> Iterator[Engine]:
    """Yield an engine that serves these weights as they are now; afterwards each module is in the mode it was in.

    TRL reads from the model's mode whether it trains. name: what errors call the model.
    """
    modes = [(module, module.training) for module in model.modules()]
    engine = Transformers(model=name, batch_size=batch_size)  # type: ignore[call-arg]
    engine._model, engine._tokenizer, engine._special = model.eval(), tokenizer, _chat.special_texts(tokenizer)
    try:
        yield engine
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def same_randomness() -> Iterator[None]:
    """Leave the random numbers of Python, NumPy and torch as they were, whatever runs inside draws."""
    import numpy
    import torch

    python, own = random.getstate(), numpy.random.get_state()
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            yield
    finally:
        random.setstate(python)
        numpy.random.set_state(own)
