"""Improving In-Context Few-Shot Learning via Self-Supervised Training. Chen et al. 2022. Tasks made of raw text.

**Improving In-Context Few-Shot Learning via Self-Supervised Training.** Chen, Du, Pasunuru, Mihaylov, Iyer, Stoyanov,
Kozareva. 2022. arXiv 2205.01703.

*The paper.* Between pre-training and use a model is trained on tasks that are made of raw text and written as few-shot
prompts: several solved examples of one task, then another one. Four objectives: generate the next sentence, predict a
masked word, predict the last phrase, and a classification of sentence sequences. What is to be written comes from the
text; no model and no person writes it.

*Different here.*
- The prompts of the chosen sets are the documents: import raw texts as prompts. A round takes as many documents as it
  has prompts, and makes 4 tasks of each, one of each kind.
- 4 solved examples of the same kind from other documents stand before each task~; the loss is on the answer of the last
  one~.
- The classification asks whether sentences stand in their order; that of the paper tells more classes apart~. The last
  phrase is the last three words~, and the paper's form of it in which one of several phrases is chosen is left out~.
- The instructions that stand before the examples, how long passages are, and the training settings are ours.
- People may look at the tasks before they are trained on: one that they reject is left out.

*Quoted.* Better than strong baselines on two benchmarks; more different objectives help (abstract).
"""

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
