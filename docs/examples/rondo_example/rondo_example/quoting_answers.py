"""Answers that quote their sources truly: sampled, checked without a model, and fine-tuned on."""

from backend.generators.sample import Sample
from backend.metrics.length import Length
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, register
from backend.selectors.above_threshold import AboveThreshold
from backend.trainers.sft import SFT
from rondo_example.quotes_prompt import QuotesPrompt

QUOTE = '{prompt}\n\nAnswer by the text alone, and put what you take from it word for word between "quotation marks".'

register(
    Recipe(
        name="quoting_answers",
        title="Answers that quote their sources (an example)",
        paper="https://example.org/your-paper",
        steps=(
            PromptSet(),
            Sample(n=8, temperature=0.8, conditions={"quoting": QUOTE}),
            QuotesPrompt(),
            AboveThreshold(threshold=1.0, max_per_prompt=2),  # all quotations are true
            SFT(),
        ),
        metrics=(Length(),),
    )
)
