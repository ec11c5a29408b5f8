"""The lines of a model check: config, chat template, tokens, weights.

`python -m backend.engines._model_lines FOLDER [BASE]` prints them as JSON. It reads the model's files only, loads
neither torch nor transformers, and bounds its own memory: a chat template is a program.
"""

import json
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from backend.engines import _chat, _rendering, _scorers
from backend.engines._model_check import CheckLevel, Line
from backend.engines._model_tokens import Tokens
from backend.engines._rendering import ChatTemplate
from backend.engines._weights import STATE_SPACE
from backend.values import JSON, Messages

HYBRID = {
    "jamba",
    "bamba",
    "zamba",
    "zamba2",
    "nemotron_h",
    "granitemoehybrid",
    "falcon_h1",
    "qwen3_next",
    "lfm2",
    "plamo2",
    "olmo_hybrid",
    "qwen3_5",
}
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
LENGTHS = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "seq_length")
EMBEDDING = re.compile(r"(embed_tokens|wte|embed_in|word_embeddings|tok_embeddings)\.weight$")
QUESTION, ANSWER, RULE, THOUGHT = "QUESTIONONE", "ANSWERTWO", "RULETHREE", "THOUGHTFOUR"
PROBE = "Hello, 2 + 3 = 5.\nA b"
UNLIMITED = 10**9
MEMORY = 4 * 2**30


def lines(folder: Path, base: Path | None = None) -> list[Line]:
    """Check a model's files; of an adapter, those of its base where it has none of its own."""
    places = (folder, base) if base is not None else (folder,)
    config = _rendering.read((base or folder) / "config.json")
    tokens = Tokens(*places)
    return [
        *_architecture(config),
        *_template(_rendering.template_source(*places), tokens),
        *_pad(tokens),
        *_context(config, tokens),
        *_round_trip(*places),
        *_weights(base or folder, config, tokens),
    ]


def _passed(name: str, text: str) -> Line:
    return Line(name, CheckLevel.passed, text)


def _warned(name: str, text: str) -> Line:
    return Line(name, CheckLevel.warn, text)


def _failed(name: str, text: str) -> Line:
    return Line(name, CheckLevel.fail, text)


def _architecture(config: JSON) -> Iterator[Line]:
    names = config.get("architectures")
    name = str(names[0]) if isinstance(names, list) and names else "not named"
    kind = str(config.get("model_type", ""))
    elsewhere = "Serve it elsewhere, for example with vLLM, and register its endpoint."
    if kind in STATE_SPACE:
        yield _failed(
            "architecture",
            f"The architecture {name} keeps a state instead of keys and values, so several samples of one prompt "
            f"cannot be drawn from it here. {elsewhere}",
        )
    elif config.get("is_encoder_decoder"):
        yield _failed("architecture", f"The architecture {name} has an encoder: it is no chat model. {elsewhere}")
    elif kind in HYBRID:
        yield _warned("architecture", f"The architecture {name} mixes attention with a state. It was not tried here.")
    elif _scorers.is_scoring(config):
        yield _scoring(name, _scorers.numbers_of(config))
    elif name != "not named" and not name.endswith(("ForCausalLM", "LMHeadModel")):
        yield _warned("architecture", f"The architecture {name} may hold more than a language model. Try a prompt.")
    else:
        experts = next((config[expert] for expert in EXPERTS if config.get(expert)), None)
        yield _passed("architecture", f"{name}, {experts} experts" if experts else name)
    if config.get("output_router_logits"):
        yield _warned("router", "output_router_logits is on in the config, which stops sampling. It is switched off.")
    if config.get("quantization_config"):
        yield _warned("quantization", "The weights are quantized: sampling needs their library, and training lora.")


def _scoring(name: str, numbers: int) -> Line:
    if numbers != 1:
        return _failed("architecture", f"The head of {name} gives {numbers} numbers, and a scorer gives one.")
    return _passed("architecture", f"{name}: a scorer, whose head gives one number for a text and writes none.")


def _template(source: str, tokens: Tokens) -> Iterator[Line]:
    if not source:
        yield _failed("template", "There is no chat template, so messages cannot be rendered.")
        return
    try:
        template = ChatTemplate(source, tokens.names)
        plain = template.render(_user())
    except TemplateError as error:
        line = f"line {error.lineno}: " if hasattr(error, "lineno") else ""
        yield _failed("template", f"The chat template cannot be used: {line}{str(error).rstrip(chr(46))}. Mend it.")
        return
    except _chat.REFUSALS as error:
        yield _failed("template", f"The chat template refuses a plain question: {error}. Mend it.")
        return
    if QUESTION not in plain:
        yield _warned("template", "The chat template leaves out what the user says.")
    else:
        yield _passed("template", "The chat template renders a question.")
    yield _system(template)
    yield from _answer(template, tokens)


def _user() -> Messages:
    return [{"role": "user", "content": QUESTION}]


def _said(content: str) -> Messages:
    return [*_user(), {"role": "assistant", "content": content}]


def _system(template: ChatTemplate) -> Line:
    try:
        text = template.render([{"role": "system", "content": RULE}, *_user()])
    except _chat.REFUSALS as error:
        return _warned("system", f"System turns are refused ({error}): such prompts are left out of a round.")
    if RULE not in text:
        return _warned("system", "System turns are dropped unsaid: the model never sees them.")
    return _passed("system", "System turns are kept.")


def _answer(template: ChatTemplate, tokens: Tokens) -> Iterator[Line]:
    """What becomes of an answer in a training row."""
    try:
        asked, whole = template.render(_user(), add_generation_prompt=True), template.render(_said(ANSWER))
        thinking = template.render(_said(f"<think>{THOUGHT}</think>\n\n{ANSWER}"))
    except _chat.REFUSALS as error:
        yield _failed("answer", f"The chat template refuses an answer: {error}. A model cannot be trained with it.")
        return
    if ANSWER not in whole:
        yield _failed("answer", "The chat template leaves out the answer, so nothing could be learned.")
        return
    yield _generation_prompt(asked, template.render(_user()), whole)
    yield _end(whole[whole.rindex(ANSWER) + len(ANSWER) :], tokens)
    if THOUGHT in thinking:
        yield _passed("thinking", "Thinking inside <think> stays in training rows.")
    else:
        yield _warned("thinking", "The template cuts thinking (<think>...</think>) out of training rows.")


def _generation_prompt(asked: str, plain: str, whole: str) -> Line:
    if asked == plain:
        return _warned("generation_prompt", "The template adds nothing where an answer is due (add_generation_prompt).")
    if whole.startswith(asked):
        return _passed("generation_prompt", "A question with the generation prompt begins its training row.")
    pairs = enumerate(zip(asked, whole, strict=False))
    shared = next((n for n, (a, b) in pairs if a != b), min(len(asked), len(whole)))
    return _warned(
        "generation_prompt",
        f"A question ends with {asked[shared:][:60]!r} when it is asked, and its training row goes on with "
        f"{whole[shared:].replace(ANSWER, 'ANSWER')[:30]!r}. What is trained is not what is sampled: the first "
        "tokens of an answer, and the end token of a short one, are left out of the loss.",
    )


def _end(tail: str, tokens: Tokens) -> Line:
    """The token that follows an answer, and whether sampling stops there."""
    ends = ", ".join(sorted(tokens.ends)) or "none that is known"
    ending = min(
        ((tail.find(token), token) for token in tokens.special | tokens.ends if token and token in tail), default=None
    )
    if ending is None:
        return _warned("end", f"No end token follows an answer: a trained model would not learn to stop ({ends}).")
    if ending[1] not in tokens.ends:
        return _warned("end", f"An answer ends with {ending[1]}, but sampling stops at {ends}.")
    return _passed("end", f"An answer ends with {ending[1]}, where sampling stops.")


def _pad(tokens: Tokens) -> Iterator[Line]:
    pad, end = tokens.names.get("pad_token"), tokens.names.get("eos_token")
    if pad is None:
        yield _warned("pad", f"There is no pad token; the end token {end or ''} stands in for it.")
    elif pad in tokens.ends:
        yield _warned("pad", f"The pad token {pad} is an end token: trainers may leave it out of the loss.")
    else:
        yield _passed("pad", f"The pad token is {pad}.")


def _context(config: JSON, tokens: Tokens) -> Iterator[Line]:
    inner = config.get("text_config")
    configs = [config, inner] if isinstance(inner, dict) else [config]
    given = [tokens.max_length, *(config.get(name) for config in configs for name in LENGTHS)]
    known = [int(value) for value in given if value is not None and _is_length(value)]
    if known:
        yield _passed("context", f"The context holds {min(known):,} tokens.")
    else:
        yield _warned("context", "The length of the context is not known, so prompts that are too long are not seen.")


def _is_length(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < UNLIMITED


def _round_trip(*folders: Path) -> Iterator[Line]:
    file = next((folder / "tokenizer.json" for folder in folders if (folder / "tokenizer.json").is_file()), None)
    try:
        from tokenizers import Tokenizer
    except ImportError:
        yield _warned("tokenizer", "The tokenizer was not tried: its library is not installed here.")
        return
    if file is None:
        yield _warned("tokenizer", "There is no tokenizer.json, so the tokenizer was not tried.")
        return
    try:
        tokenizer = Tokenizer.from_file(str(file))
        text = tokenizer.decode(tokenizer.encode(PROBE, add_special_tokens=False).ids)
    except Exception as error:
        # The library raises nothing narrower.
        yield _warned("tokenizer", f"The tokenizer cannot be read: {str(error)[:200]}")
        return
    if text.strip() == PROBE:
        yield _passed("tokenizer", "A text comes back from the tokenizer as it was.")
    else:
        yield _warned("tokenizer", f"A text comes back from the tokenizer changed: {PROBE!r} as {text[:60]!r}.")


def _weights(folder: Path, config: JSON, tokens: Tokens) -> Iterator[Line]:
    number, formats, rows = 0, set(), None
    for file in sorted(folder.glob("*.safetensors")):
        for name, tensor in _header(file).items():
            shape = tensor.get("shape", [])
            count = 1
            for size in shape:
                count *= size
            number += count
            formats.add(str(tensor.get("dtype", "")))
            if EMBEDDING.search(name) and len(shape) == 2:
                rows = shape[0]
    if number:
        yield _passed("weights", f"{_million(number)} parameters, {', '.join(sorted(formats))}.")
    rows = rows if rows is not None else config.get("vocab_size")
    if isinstance(rows, int) and tokens.number:
        if rows < tokens.number:
            yield _failed(
                "vocabulary",
                f"The embedding has {rows:,} rows, but the tokenizer {tokens.number:,} tokens: using the last ones "
                "would end the process. Copy weights and tokenizer of the same model.",
            )
        else:
            yield _passed("vocabulary", f"The embedding has {rows:,} rows for {tokens.number:,} tokens.")


def _million(number: int) -> str:
    return f"{number / 1e9:.2f} billion" if number >= 1e9 else f"{number / 1e6:.2f} million"


def _header(file: Path) -> JSON:
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        header: JSON = json.loads(opened.read(length))
    header.pop("__metadata__", None)
    return header


def _bound_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    _bound_memory()
    sys.stdout.write(json.dumps([line.to_json() for line in lines(*map(Path, sys.argv[1:]))]))
