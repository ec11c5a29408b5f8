"""Self-Tuning: learn to take up knowledge from documents, then take it up from new ones. Zhang et al. 2024."""

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
