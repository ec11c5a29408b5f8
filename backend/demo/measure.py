"""Measure how well a demo model answers and judges, by the task's own checker."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.demo import countdown
from backend.demo.countdown import CountdownProblem

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

MAX_TOKENS = 24
BATCH = 256


@dataclass(frozen=True)
class CheckerAgreement:
    """How verdicts agree with the checker: shares from 0 to 1, and how many samples had no verdict."""

    accuracy: float
    precision: float
    recall: float
    no_verdict: int


def generate(
    model: "LlamaForCausalLM",
    tokenizer: "PreTrainedTokenizerFast",
    questions: list[str],
    *,
    temperature: float = 0.0,
    n: int = 1,
) -> list[str]:
    """Answer each question n times, in order; temperature 0 is greedy."""
    import torch

    answers: list[str] = []
    sampling = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}
    repeated = [question for question in questions for _ in range(n)]
    for start in range(0, len(repeated), BATCH):
        chats = [[{"role": "user", "content": text}] for text in repeated[start : start + BATCH]]
        texts = [tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False) for chat in chats]
        inputs = tokenizer(texts, padding=True, return_tensors="pt", return_token_type_ids=False)
        with torch.inference_mode():
            ids = model.generate(**inputs, **sampling, max_new_tokens=MAX_TOKENS)  # type: ignore[misc]
        answers += tokenizer.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return answers


def compare(texts: list[str], answers: list[str], checks: list[str]) -> CheckerAgreement:
    """Compare the checks of answers with the true checker; no verdict counts as a rejection."""
    verdicts = [countdown.parse_verdict(check) for check in checks]
    truths = [countdown.is_correct(text, answer) for text, answer in zip(texts, answers, strict=True)]
    pairs = [(verdict is True, truth) for verdict, truth in zip(verdicts, truths, strict=True)]
    hits = pairs.count((True, True))
    return CheckerAgreement(
        accuracy=(hits + pairs.count((False, False))) / len(pairs),
        precision=hits / max(1, hits + pairs.count((True, False))),
        recall=hits / max(1, hits + pairs.count((False, True))),
        no_verdict=verdicts.count(None),
    )


def report(
    model: "LlamaForCausalLM",
    tokenizer: "PreTrainedTokenizerFast",
    held_out: list[CountdownProblem],
    new: list[CountdownProblem],
    *,
    seed: int,
) -> str:
    """Say how many held-out problems are solved greedily, and how well new samples are judged."""
    import torch

    torch.manual_seed(seed)
    texts = [countdown.prompt(problem) for problem in held_out]
    solved = [
        countdown.is_correct(text, answer)
        for text, answer in zip(texts, generate(model, tokenizer, texts), strict=True)
    ]
    asked = [countdown.prompt(problem) for problem in new for _ in range(8)]
    answers = generate(model, tokenizer, asked, temperature=1.0)
    checks = generate(model, tokenizer, list(map(countdown.judge_prompt, asked, answers)))
    judged = compare(asked, answers, checks)
    sampled = sum(map(countdown.is_correct, asked, answers)) / len(asked)
    return (
        f"held-out greedy accuracy {sum(solved) / len(solved):.3f} (n={len(solved)})\n"
        f"new problems, temperature 1: accuracy {sampled:.3f} (n={len(asked)})\n"
        f"judging them: accuracy {judged.accuracy:.3f} precision {judged.precision:.3f} "
        f"recall {judged.recall:.3f} no verdict {judged.no_verdict}\n"
    )
