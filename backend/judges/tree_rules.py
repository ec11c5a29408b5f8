"""Whether a constituency tree that was written has the grammar rules that are known."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from backend.engines import Engine
from backend.judges import Verifier, prompt_text
from backend.judges.text_similarity import longest_common, words
from backend.values import Group, Judgment, Sample

_TOKEN = re.compile(r"[()]|[^\s()]+")
DEEPEST = 200
"""Nodes above one another; no sentence has more."""


@dataclass
class Node:
    """A node of a tree: its label, and its children, which are nodes or words."""

    label: str
    children: "list[Node | str]" = field(default_factory=list)

    def rules(self) -> Iterator[str]:
        """The grammar rules of the tree, such as `S -> NP VP`; those that lead to words are left out."""
        if labels := [child.label for child in self.children if isinstance(child, Node)]:
            yield f"{self.label} -> {' '.join(labels)}"
        for child in self.children:
            if isinstance(child, Node):
                yield from child.rules()

    def leaves(self) -> Iterator[str]:
        """The words of the tree, in order."""
        for child in self.children:
            if isinstance(child, Node):
                yield from child.leaves()
            else:
                yield child


class TreeRules(Verifier):
    """Score a bracketed tree, such as `(S (NP (NN rain)) (VP (VBZ falls)))`, by the rules of the known answer's tree.

    F = 2 |A and B| / (|A| + |B|), A and B being the rules of both trees, each as often as it occurs; rules that lead to
    words do not count. So a tree that a parser writes for a sentence is compared with the one by whose rules the
    sentence was written (Li et al. 2023, arXiv 2311.02660, select such trees by the distance of rule distributions). A
    text without one whole tree, and a tree whose words do not stand in the question in that order, has score 0. None
    where the known answer is no tree.
    """

    accept_at: float = Field(0.5, ge=0, le=1, description="lowest share of common rules that is labelled accept")

    @property
    def needs_answer(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._compare(sample, group) for group in groups for sample in group.samples]

    def _compare(self, sample: Sample, group: Group) -> Judgment:
        known = read_tree(group.prompt.answer or "")
        if known is None:
            return self.judgment(sample, None, "The known answer is no tree.")
        tree = read_tree(sample.text)
        if tree is None:
            return self.judgment(sample, 0.0, "There is no whole tree in the text.")
        leaves = words(" ".join(tree.leaves()))
        if longest_common(leaves, words(prompt_text(group.prompt.messages))) < len(leaves):
            return self.judgment(sample, 0.0, "The words of the tree do not stand in the question in that order.")
        own, other = Counter(tree.rules()), Counter(known.rules())
        total, common = own.total() + other.total(), (own & other).total()
        score = 2 * common / total if total else 1.0
        return self.judgment(sample, score, f"{common} common rules of {own.total()} and {other.total()}.")


def read_tree(text: str) -> Node | None:
    """Return the tree of a text, from its first bracket to the last; None where brackets or labels are missing.

    Brackets without a label around the whole tree, as treebanks write them, are left out.
    """
    start, end = text.find("("), text.rfind(")")
    open_nodes: list[Node] = []
    done: list[Node] = []
    is_new = False
    for token in _TOKEN.findall(text[start : end + 1]) if 0 <= start < end else ():
        if token == "(":
            open_nodes.append(Node(""))
            if len(open_nodes) > DEEPEST:
                return None
        elif token == ")":
            if not open_nodes:
                return None
            node = open_nodes.pop()
            (open_nodes[-1].children if open_nodes else done).append(node)  # type: ignore[union-attr]
        elif not open_nodes:
            return None
        elif is_new:
            open_nodes[-1].label = token
        else:
            open_nodes[-1].children.append(token)
        is_new = token == "("
    if open_nodes or len(done) != 1:
        return None
    (root,) = done
    while not root.label and len(root.children) == 1 and isinstance(root.children[0], Node):
        root = root.children[0]
    return root if _is_labelled(root) else None


def _is_labelled(node: Node) -> bool:
    """Whether every node has a label and a child."""
    below = (child for child in node.children if isinstance(child, Node))
    return bool(node.label and node.children) and all(map(_is_labelled, below))
