"""Self-Tuning: learn to take up knowledge from documents, then take it up from new ones. Zhang et al. 2024.

**Self-Tuning: Instructing LLMs to Effectively Acquire New Knowledge through Self-Teaching.** Zhang, Peng, Tian, Zhou,
Zhang, Mi, Meng. 2024. Findings of ACL 2025. arXiv 2406.06326. Code:
github.com/zhangxy-2019/Effective-Knowledge-Injection.

*The paper.* A model first learns how to take up knowledge from documents, then takes it up from new ones. Stage 1
trains on documents, questions and answers on them, and tasks that are made of each document without a model, for
memorizing, comprehending and reflecting. Stage 2 trains on new documents and reviews the questions of stage 1. Stage 3
goes on with the new documents alone. Of documents every token is learned, of questions and tasks the answer (released
code).

*Different here.*
- A stage is a round. Its documents are the prompts of the sets to sample from, in stored order: import raw texts as
  prompts. The questions of stages 1 and 2 are a set with known answers, used as mix. The new documents are chosen when
  the second round is launched. A fourth round is stage 3 again.
- Of each document four tasks are made: are its sentences in order, which word is masked, how does it end, and what
  comes after its first sentence. The paper's tasks are others: a summary, key words and inference for comprehending,
  and closed-book ones such as filling in, choosing and completing for reflecting~. The document itself is the task for
  memorizing.
- Questions are half of the rows, or all there are. Questions and tasks are written in the model's chat template,
  documents as they are; a document that is longer than max_length is learned in pieces.
- Learning rate, passes (2, 1, 3) and the falling rate are those of the released script for a model of 13 billion
  parameters.
- People may look at the tasks of stage 1 before they are trained on.

*Quoted.* None: the abstract claims the best results on all tasks of knowledge acquisition, and old knowledge kept,
without figures.
"""

from backend.recipes import Phase, Recipe, register
from backend.recipes import _parts as parts

KINDS = ("order", "masked_word", "last_phrase", "recall")
TASKS = parts.DocumentTasks(kinds=KINDS, per_document=4, max_chars=400, shuffle=False)
REVIEW = parts.SeedShare(share=0.5)  # questions on the training documents: the sets used as mix
DOCUMENTS = (parts.PromptSet(shuffle=False), parts.PlainTexts())  # in order, so that tasks are of the same documents


def train(epochs: int) -> parts.SFT:
    """The settings of the released script."""
    return parts.SFT(learning_rate=9.65e-6, num_train_epochs=epochs, lr_scheduler_type="cosine")


LEARN_HOW = Phase(*DOCUMENTS, TASKS, parts.OwnAnswers(), parts.PlainTexts(take="chats"), REVIEW, train(2))
WITH_REVIEW = Phase(*DOCUMENTS, REVIEW, train(1))
ALONE = Phase(*DOCUMENTS, train(3))

register(
    Recipe(
        name="self_tuning",
        title="Self-Tuning: Instructing LLMs to Effectively Acquire New Knowledge through Self-Teaching",
        paper="2406.06326",
        phases=(LEARN_HOW, WITH_REVIEW, ALONE),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
