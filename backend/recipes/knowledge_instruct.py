"""Knowledge-Instruct: knowledge of a small corpus by instructions alone. Ovadia et al. 2025.

**Knowledge-Instruct: Effective Continual Pre-training from Limited Data using Instructions.** Ovadia, Brief, Lemberg,
Sheetrit. 2025. arXiv 2504.05571.

*The paper.* New knowledge of a small corpus is taught by instructions alone, without continued pre-training. Six steps
make them: extract the entities of the corpus, extract facts on each, put each fact into its context, drop doubles,
paraphrase, and turn facts into instructions. The model is then fine-tuned on instructions. A small model can make the
data.

*Different here.*
- There are no entities and facts in between: about each document 8 questions are written, which have to name what they
  are about. Those that are unlike each other (ROUGE-L below 0.7) become prompts.
- Each is answered twice with the document in view (its passages that have most to do with the question, up to 4 of
  2,000 characters), which stands for the paraphrases. Training rows get the question alone.
- Answers have to end by themselves and not repeat themselves; of nearly equal rows (ROUGE-L of 0.95) the first stays.
  Whether an answer is right is not checked.
- The policy itself writes. Bind another model by naming a role at the two generators.
- People may decide on the questions before they are adopted. All numbers and settings are ours.

*Quoted.* None: the abstract claims better memory of facts and less forgetting, without figures.
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts
from backend.recipes._of_documents import answered

NEW = parts.AllOf(judges=(parts.PromptRules(max_words=60), parts.Novelty(below=0.7)))
PHRASED = parts.Sample(n=2, temperature=0.7, max_tokens=256)  # each fact is said more than once
WHOLE = parts.SurfaceRules(min_words=3, repeated_words=4, max_repetition=0.2, allow_truncated=False)

register(
    Recipe(
        name="knowledge_instruct",
        title="Knowledge-Instruct: Effective Continual Pre-training from Limited Data using Instructions",
        paper="2504.05571",
        steps=(
            *answered(8, NEW, PHRASED),
            WHOLE,
            parts.AboveThreshold(threshold=1.0),
            parts.Deduplicate(alike=0.95),
            parts.SFT(),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
