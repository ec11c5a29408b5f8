"""A recipe as YAML, for a file or a colleague, and back. What cannot be read or is no recipe is refused by its line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from backend import boundary, files
from backend.errors import InvalidInput, UnknownPart
from backend.recipes import Recipe
from backend.services import refusals
from backend.values import JSON

MOST = 100_000
"""Characters of a recipe; the longest there is has some 8,000."""


class _Writer(yaml.SafeDumper):
    """Texts of several lines stand as blocks, and lists are indented under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(writer: _Writer, value: str) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Writer.add_representer(str, _text)


class _Reader(yaml.SafeLoader):
    """Without aliases, with which a short text says something endless, and without keys that stand twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=self.peek_event().start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def write(recipe: JSON) -> str:
    """Return a recipe's JSON as YAML, every knob included: it means the same where the defaults are others."""
    return yaml.dump(recipe, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100)


def read(text: str) -> JSON:
    """Return the JSON of the recipe that a YAML text holds; raises `InvalidInput` that names line and reason."""
    if len(text) > MOST:
        raise InvalidInput(f"The YAML has {len(text):,} characters, more than the {MOST:,} of a recipe. Shorten it.")
    node, data = _parsed(text)
    if not isinstance(data, dict):
        raise InvalidInput("The YAML holds no recipe: write `name`, `title` and `steps`, each on a line of its own.")
    try:
        boundary.plain(data)
        return Recipe.model_validate(data).model_dump(mode="json")
    except UnknownPart as error:
        raise InvalidInput(f"Line {_line_of(node, error.name)}: {error.message}") from error
    except ValidationError as error:
        first = error.errors()[0]["loc"]
        raise InvalidInput(f"Line {_line(node, first)}: {refusals.explain(error)}") from error


def read_file(path: Path) -> JSON:
    """Return the JSON of the recipe in a file of YAML or JSON; raises `InvalidInput`, and `NotFound` without a file."""
    try:
        return read(files.read_text(path, 4 * MOST))
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is no text in UTF-8. Save it as such.") from error


def read_list(path: Path) -> list[Any]:
    """Return the list in a file of YAML or JSON; raises `InvalidInput`, and `NotFound` without a file."""
    try:
        _, data = _parsed(files.read_text(path, 4 * MOST))
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is no text in UTF-8. Save it as such.") from error
    if not isinstance(data, list):
        raise InvalidInput(f"{path.name} holds no list. Begin each entry with a hyphen.")
    boundary.plain(data)
    return data


def _parsed(text: str) -> tuple[Any, Any]:
    """The node and the value of the text's one document."""
    try:
        reader = _Reader(text)
        try:
            node = reader.get_single_node()
            return node, None if node is None else reader.construct_document(node)
        finally:
            reader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidInput(f"Line {line} of the YAML cannot be read: {error.problem}. Correct it.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise InvalidInput(f"The YAML cannot be read: {reason}. Correct it.") from error


def _line_of(node: Any, word: str) -> int:
    """The line of the first value that is this word, from 1."""
    rest = [node]
    while rest:
        at = rest.pop()
        if isinstance(at, yaml.MappingNode):
            rest += [value for _, value in reversed(at.value)]
        elif isinstance(at, yaml.SequenceNode):
            rest += reversed(at.value)
        elif at.value == word:
            return int(at.start_mark.line) + 1
    return 1


def _line(node: Any, path: Sequence[str | int]) -> int:
    """The line of the innermost place of the path that the text has, from 1."""
    at = node
    for key in path:
        if isinstance(at, yaml.SequenceNode) and isinstance(key, int) and key < len(at.value):
            at = at.value[key]
        elif isinstance(at, yaml.MappingNode):
            # Knobs stand under their step's part, which the path of an error leaves out.
            at = _value(at, str(key)) or _value(_value(at, "part"), str(key)) or at
    return int(at.start_mark.line) + 1


def _value(node: Any, key: str) -> Any:
    """What a mapping holds under a key; None where it is none, or has no such key."""
    there = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in there if name.value == key), None)
