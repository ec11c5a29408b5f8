"""The shipped model: it loads, answers, judges, and takes any text."""

from typing import TYPE_CHECKING

import pytest

from backend.demo import countdown, make_model, make_prompts, measure

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast


@pytest.fixture(scope="module")
def shipped() -> "tuple[LlamaForCausalLM, PreTrainedTokenizerFast]":
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    return AutoModelForCausalLM.from_pretrained(make_model.FOLDER), AutoTokenizer.from_pretrained(make_model.FOLDER)


def test_answers_and_judges(shipped: "tuple[LlamaForCausalLM, PreTrainedTokenizerFast]") -> None:
    model, tokenizer = shipped
    _, held_out, _ = make_prompts.split(0)
    texts = [countdown.prompt(problem) for problem in held_out]
    answers = measure.generate(model, tokenizer, texts)
    solved = sum(map(countdown.is_correct, texts, answers)) / len(texts)
    assert 0.35 < solved < 0.70
    checks = measure.generate(model, tokenizer, list(map(countdown.judge_prompt, texts, answers)))
    judged = measure.compare(texts, answers, checks)
    assert judged.accuracy > 0.95
    assert judged.no_verdict == 0


def test_any_text_is_taken(shipped: "tuple[LlamaForCausalLM, PreTrainedTokenizerFast]") -> None:
    model, tokenizer = shipped
    measure.generate(model, tokenizer, ["", "Grüße, 世界!\n\t{}\\", "~" * 200])
    assert tokenizer.encode("a世") == [tokenizer.convert_tokens_to_ids("a"), tokenizer.unk_token_id]


def test_template_marks_what_the_assistant_says(
    shipped: "tuple[LlamaForCausalLM, PreTrainedTokenizerFast]",
) -> None:
    _, tokenizer = shipped
    chat = [{"role": "user", "content": "3 5 7 = 26"}, {"role": "assistant", "content": "3*7+5"}]
    assert (
        tokenizer.apply_chat_template(chat[:1], tokenize=False, add_generation_prompt=True)
        == "<|bos|><|user|>3 5 7 = 26<|assistant|>"
    )
    encoded = tokenizer.apply_chat_template(chat, return_dict=True, return_assistant_tokens_mask=True)
    replies = [i for i, mask in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if mask]
    assert tokenizer.decode(replies) == "3*7+5<|eos|>"
