"""Self-Evolution: a small model writes questions and answers on documents, round after round. Zhang et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._of_documents import answered

VALUE = Step(parts.InstructionDifficulty(), by="base")
ROWS = parts.KeepAll(weigh_by="score")  # the weight is the value by which later rounds choose; training ignores it
TRAIN = parts.SFT(learning_rate=1e-6, lr_scheduler_type="cosine", lora=True)

register(
    Recipe(
        name="domain_self_evolution",
        title="Enhanced Fine-Tuning of Lightweight Domain-Specific Q&A Model Based on Large Language Models",
        paper="2408.12247",
        steps=(
            *answered(1, parts.PromptRules(max_words=60), parts.Sample(n=1, temperature=0.5)),
            VALUE,
            ROWS,
            parts.EarlierRounds(most=2000),
            TRAIN,
        ),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
