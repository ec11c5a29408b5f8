"""Improving In-Context Few-Shot Learning via Self-Supervised Training. Chen et al. 2022. Tasks made of raw text."""

from backend.recipes import Recipe, register
from backend.recipes._parts import SFT, DocumentTasks, HeldOutAccuracy, KeepAll, OwnAnswers

register(
    Recipe(
        name="self_supervised_icl",
        title="Improving In-Context Few-Shot Learning via Self-Supervised Training",
        paper="2205.01703",
        steps=(
            DocumentTasks(per_document=4, shots=4),  # the prompt sets hold documents
            OwnAnswers(),  # what is to be written stands in the document: no model is asked
            KeepAll(drop_duplicates=True),
            SFT(),
        ),
        metrics=(HeldOutAccuracy(),),
    )
)
