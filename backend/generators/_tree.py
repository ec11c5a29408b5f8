"""A tree of steps: its nodes, which of them is written on from next, and the groups it becomes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from backend.engines import answered
from backend.values import GOES_ON, Completion, Group, Messages, Prompt, Sample


@dataclass(eq=False)
class Node:
    """A step: the first of a completion of the text before it, whose other steps are `rest`.

    `is_whole`: the completion was not cut off. `value`: what the step was rated when it was made. `is_closed`: nothing
    below it can be written on from. `is_spare`: another one like it is written on from, or it is blank. visits, total:
    how many values were counted at it and below, and their sum.
    """

    text: str = ""
    parent: "Node | None" = None
    depth: int = 0
    rest: tuple[str, ...] = ()
    is_whole: bool = True
    completion: Completion | None = None
    value: float | None = None
    visits: int = 0
    total: float = 0.0
    is_closed: bool = False
    is_spare: bool = False
    is_expanded: bool = False
    children: list["Node"] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The text from the first step to this one."""
        return (self.parent.path if self.parent is not None else "") + self.text

    @property
    def is_end(self) -> bool:
        """Whether the model ended its answer with this step."""
        return self.is_whole and not self.rest

    @property
    def mean(self) -> float:
        """The mean of the values counted at it and below; 0 where there are none."""
        return self.total / self.visits if self.visits else 0.0

    def bound(self, exploration: float) -> float:
        """The upper confidence bound by which a search chooses among siblings (Kocsis and Szepesvari 2006)."""
        assert self.parent is not None
        around = sum(child.visits for child in self.parent.children)
        return self.mean + exploration * math.sqrt(2 * math.log(max(around, 1)) / max(self.visits, 1))


@dataclass(eq=False)
class Tree:
    """The steps of one prompt. `frontier`: the nodes that a beam goes on from."""

    prompt: Prompt
    budget: int
    root: Node = field(default_factory=Node)
    frontier: list[Node] = field(default_factory=list)
    failure: Completion | None = None

    def __post_init__(self) -> None:
        self.frontier = [self.root]

    def asked(self, node: Node) -> Messages:
        """The chat that goes on after a node."""
        return answered(self.prompt.messages, node.path) if node.parent is not None else self.prompt.messages

    def best_first(self, exploration: float) -> list[Node]:
        """The open leaf with the highest bounds on the way down to it; of equal ones the first."""
        if self.budget <= 0 or self.root.is_closed:
            return []
        node = self.root
        while node.children:
            node = max(
                (child for child in node.children if not child.is_closed), key=lambda node: node.bound(exploration)
            )
        return [node]

    def beam(self) -> list[Node]:
        """The nodes of the frontier, as far as the budget goes."""
        return [node for node in self.frontier if not node.is_closed][: max(self.budget, 0)]

    def add(self, node: Node, completions: Sequence[Completion], delimiter: str, depth: int) -> None:
        """Take the first step of each completion for a child of the node."""
        self.budget -= 1
        served = [completion for completion in completions if completion.failure is None]
        node.is_expanded = bool(served)
        if not served and node is self.root:
            self.failure = completions[0]
        known: set[str] = set()
        for completion in served:
            steps = steps_of(completion.text, delimiter) or [""]
            child = Node(
                steps[0], node, node.depth + 1, tuple(steps[1:]), completion.finish_reason == "stop", completion
            )
            # A step that is there already stays in the store, but one of both is written on from. After a blank text,
            # as of a model that was cut off while it thought, there is nothing to go on from.
            child.is_spare = child.text in known or not (child.is_end or child.text.strip())
            child.is_closed = child.is_end or child.depth >= depth or child.is_spare
            known.add(child.text)
            node.children.append(child)
        self._close(node)

    def _close(self, node: Node | None) -> None:
        while node is not None and all(child.is_closed for child in node.children):
            node.is_closed = True
            node = node.parent

    def count(self, node: Node, *, above_too: bool) -> None:
        """Count the values of a node's new children at them and, if wanted, at all nodes above; no value counts 0."""
        for child in node.children:
            child.visits, child.total = 1, child.value or 0.0
        above: Node | None = node if above_too else None
        while above is not None:
            above.visits += len(node.children)
            above.total += sum(child.total for child in node.children)
            above = above.parent

    def advance(self, beams: int) -> None:
        """Go on from the best of the frontier's children, of equal ones the first; those without a value come last."""
        children = [child for node in self.frontier for child in node.children if not child.is_spare]
        children.sort(key=lambda node: -math.inf if node.value is None else node.value, reverse=True)
        self.frontier = [node for node in children[:beams] if not node.is_closed]

    def groups(self) -> list[Group]:
        """A group of each node that was written on from, the root's first; its samples are the children."""
        if self.failure is not None:
            failed = Sample(0, self.prompt.id, "", "error", failure=self.failure.failure)
            return [Group(self.prompt, (failed,))]
        groups_, samples = [], dict[int, Sample]()
        for node in self._nodes():
            if not node.children:
                continue
            members = tuple(self._sample(child, position) for position, child in enumerate(node.children))
            samples |= {id(child): member for child, member in zip(node.children, members, strict=True)}
            asked = replace(self.prompt, messages=self.asked(node))
            groups_.append(Group(asked, members, parent=samples.get(id(node))))
        return groups_

    def _nodes(self) -> Iterator[Node]:
        queue = [self.root]
        for node in queue:
            yield node
            queue += node.children

    def _sample(self, node: Node, position: int) -> Sample:
        completion = node.completion
        assert completion is not None
        is_cut = not node.is_whole and not node.rest
        return Sample(
            id=0,
            prompt_id=self.prompt.id,
            text=node.text,
            finish_reason="length" if is_cut else "stop",
            num_tokens=completion.num_tokens,
            logprob=completion.logprob if node.is_end else None,
            position=position,
            reasoning=completion.reasoning,
            extra={
                GOES_ON: not node.is_end,
                "value": None if node.value is None else round(node.mean, 9),
                "visits": node.visits,
                "is_expanded": node.is_expanded,
                "rest": "".join(node.rest),
                "rest_steps": len(node.rest),
                "is_whole": node.is_whole,
            },
        )


def steps_of(text: str, delimiter: str) -> list[str]:
    """Cut a text after each delimiter; together the steps are the text. Blank ones belong to their neighbours."""
    pieces = text.split(delimiter)
    steps: list[str] = []
    for number, piece in enumerate(pieces):
        step = piece + delimiter if number < len(pieces) - 1 else piece
        if steps and not (step.strip() and steps[-1].strip()):
            steps[-1] += step
        elif step:
            steps.append(step)
    return steps
