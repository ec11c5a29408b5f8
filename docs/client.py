"""Writes the Python client from the OpenAPI document: its shapes and its routes. `python -m docs.generate` runs it."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from app import api

FOLDER = Path(__file__).parents[1] / "app/client"
HEAD = '''"""{}

Written by `python -m docs.generate` from the OpenAPI document. Change the routes it is written from, and run it again.
"""
'''
NAMES_OF_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
VERBS = ("get", "post", "put", "patch", "delete")
LONGEST = 120


def modules() -> dict[str, str]:
    """Return the text of every generated module by its name in app/client."""
    application = FastAPI()
    api.add_to(application)
    document = application.openapi()
    schemas, paths = document["components"]["schemas"], document["paths"]
    return {"shapes.py": _text(shapes(Names(schemas))), "routes.py": _text(routes(paths, Names(schemas, "shapes.")))}


class Names:
    """What each schema is called in Python, behind `prefix`."""

    def __init__(self, schemas: dict[str, Any], prefix: str = "") -> None:
        short = Counter(name.rpartition("__")[2] for name in schemas)
        self.schemas, self.prefix = schemas, prefix
        self.python = {name: _called(name, short[name.rpartition("__")[2]] > 1) for name in schemas}
        twice = [name for name, count in Counter(self.python.values()).items() if count > 1]
        if twice:
            raise ValueError(f"Two schemas are called {', '.join(twice)}. Give one of the classes another name.")

    def is_page(self, name: str) -> bool:
        """Whether it is a page of a list and nothing more, which is written by hand for all of them."""
        return name.startswith("Page_") and self.schemas[name]["properties"].keys() == {"items", "next"}

    def of(self, schema: dict[str, Any]) -> str:
        """The type of a value."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if self.is_page(name):
                return f"{self.prefix}Page[{self.of(self.schemas[name]['properties']['items']['items'])}]"
            return self.prefix + self.python[name]
        if "anyOf" in schema:
            return " | ".join(dict.fromkeys(self.of(one) for one in schema["anyOf"]))
        if "enum" in schema:
            return f"Literal[{', '.join(map(_quoted, schema['enum']))}]"
        kind = schema.get("type")
        if kind == "array":
            return f"list[{self._inside(schema)}]"
        if kind == "object":
            values = schema.get("additionalProperties")
            return f"dict[str, {self.of(values) if isinstance(values, dict) else 'Any'}]"
        return NAMES_OF_TYPES.get(str(kind), "Any")

    def _inside(self, schema: dict[str, Any]) -> str:
        kinds = schema.get("prefixItems") or [schema.get("items", {})]
        return " | ".join(dict.fromkeys(self.of(one) for one in kinds))


def shapes(names: Names) -> Iterator[str]:
    """Every body and every answer, as the JSON has it; those of several values first, which the others name."""
    yield HEAD.format("What the routes take and answer, as types of JSON.")
    yield "from __future__ import annotations\n"
    yield "from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar\n"
    yield 'T = TypeVar("T")\n'
    for name, schema in sorted(names.schemas.items()):
        if "enum" in schema or schema.get("type") == "array":
            kind = names.of(schema)
            opening = kind.index("[") + 1
            inside = kind[opening:-1].split(", ") if "enum" in schema else [kind[opening:-1]]
            yield from _wrapped(f"{names.python[name]} = {kind[:opening]}", inside, "]")
    yield from ("", "", "class Page(TypedDict, Generic[T]):", "    items: list[T]", "    next: str | None")
    for name, schema in sorted(names.schemas.items()):
        if schema.get("type") == "object" and not names.is_page(name):
            yield from ("", "", *_shape(names.python[name], schema, names))


def _shape(called: str, schema: dict[str, Any], names: Names) -> Iterator[str]:
    fields = {name: one for name, one in schema.get("properties", {}).items() if not _is_file(one)}
    required = {*schema.get("required", [])} & fields.keys()
    yield f"class {called}(TypedDict{'' if required else ', total=False'}):"
    for name, one in fields.items():
        kind = names.of(one)
        yield f"    {name}: {kind if name in required or not required else f'NotRequired[{kind}]'}"
    if not fields:
        yield "    pass"


def routes(paths: dict[str, Any], names: Names) -> Iterator[str]:
    """A class for each noun with a method for each route, and the class that has them all."""
    tags: dict[str, list[tuple[str, str, Any]]] = {}
    for path, verbs in paths.items():
        for verb in (verb for verb in VERBS if verb in verbs):
            tags.setdefault(verbs[verb]["tags"][0], []).append((verb, path, verbs[verb]))
    bodies: list[str] = []
    for tag, listed in sorted(tags.items()):
        bodies += ["", "", f"class {_camel(tag)}(Noun):"]
        called: set[str] = set()
        for verb, path, route in sorted(listed, key=lambda one: (len(one[1]), one[1])):
            name = _method_name(route, path, called)
            called.add(name)
            bodies += ["", *_method(name, verb, path.removeprefix("/api/v1"), route, names)]
    yield HEAD.format("One method for each route, by what it is about.")
    yield "from __future__ import annotations\n"
    yield "from collections.abc import Sequence"
    yield "from pathlib import Path"
    yield "from typing import Any, Literal, Unpack\n"
    yield "from . import shapes"
    yield "from .connection import Connection, Noun, part"
    yield from bodies
    yield from ("", "", "class Routes:", '    """All of them over one connection."""', "")
    yield "    def __init__(self, connection: Connection) -> None:"
    yield from (f"        self.{tag.replace(' ', '_')} = {_camel(tag)}(connection)" for tag in sorted(tags))


def _method(name: str, verb: str, path: str, route: Any, names: Names) -> Iterator[str]:
    asked = route.get("parameters", [])
    inside = [f"{one['name']}: {names.of(one['schema'])}" for one in asked if one["in"] == "path"]
    texts = [one["name"] for one in asked if one["in"] == "path" and names.of(one["schema"]) == "str"]
    query = [one for one in asked if one["in"] == "query"]
    answer, is_file = _answer(route, names)
    body, has_file = _body(route, names)
    given = [*inside, *(["file: str | Path"] if has_file else []), *(["to: str | Path"] if is_file else [])]
    options = [_option(one, names) for one in query]
    is_named = body.startswith(names.prefix)
    given += [f"body: {body}"] if body and not is_named else []
    given += [*(["*"] if options else []), *options, *([f"**body: Unpack[{body}]"] if body and is_named else [])]
    for one in texts:
        path = path.replace(f"{{{one}}}", f"{{part({one})}}")
    passed = [_quoted(verb.upper()), f'{"f" if "{" in path else ""}"{path}"']
    passed += ["to"] if is_file else []
    if query:
        pairs = [f'"{one["name"]}": {_safe(one["name"])}' for one in query]
        passed += [f"query={{{pairs[0]}", *pairs[1:-1], f"{pairs[-1]}}}"] if pairs[1:] else [f"query={{{pairs[0]}}}"]
    passed += [f"{'form' if has_file else 'body'}=body"] if body else []
    passed += ["file=file"] if has_file else []
    yield from _wrapped(f"    def {name}(", ["self", *given], f") -> {answer}:")
    description = route.get("description") or f"{route['summary'].capitalize()}."
    yield from _docstring(" ".join(description.split("\n\n")[0].split()))
    call = f"self._{'save' if is_file else 'ask'}("
    yield from _wrapped(f"        {'' if answer == 'None' else 'return '}{call}", passed, ")")


def _option(one: Any, names: Names) -> str:
    schema, name = one["schema"], _safe(one["name"])
    if schema.get("type") == "array":
        return f"{name}: Sequence[{names.of(schema['items'])}] = ()"
    kind = names.of(schema)
    if one.get("required"):
        return f"{name}: {kind}"
    return f"{name}: {kind if '| None' in kind else f'{kind} | None'} = None"


def _answer(route: Any, names: Names) -> tuple[str, bool]:
    """The type of what a route answers, and whether that is a file."""
    [code] = [code for code in route["responses"] if code.startswith("2")]
    content = route["responses"][code].get("content", {})
    if not content:
        return "None", False
    if "application/json" not in content:
        return "Path", True
    return names.of(content["application/json"]["schema"]), False


def _body(route: Any, names: Names) -> tuple[str, bool]:
    """The shape of a route's body, empty where it takes none, and whether a file comes with it."""
    content = route.get("requestBody", {}).get("content", {})
    for kind, one in content.items():
        return names.of(one["schema"]), kind == "multipart/form-data"
    return "", False


def _method_name(route: Any, path: str, taken: set[str]) -> str:
    """The function's name; of two alike about one noun, the later one also says what its row is called."""
    name = str(route["operationId"].partition("_api_v1_")[0])
    if name in taken:
        *_, noun = (word for word, after in zip(path.split("/"), path.split("/")[1:], strict=False) if "{" in after)
        name = f"{name}_of_{noun.replace('-', '_').removesuffix('s')}"
    if name in taken:
        raise ValueError(f"Two routes are called {name}. Rename the function of {path}.")
    return name


def _called(name: str, is_shared: bool) -> str:
    if name.startswith("Body_"):
        return f"{_camel(name.removeprefix('Body_').partition('_api_v1_')[0])}Form"
    *modules_above, last = name.split("__")
    return _camel(f"{modules_above[-1]}_{last}" if is_shared and modules_above else last)


def _camel(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def _safe(name: str) -> str:
    """A name that hides nothing of Python's that is used beside it."""
    return name if name not in ("self", "to", "file", "body") else f"{name}_"


def _is_file(schema: dict[str, Any]) -> bool:
    return schema.get("format") == "binary" or "contentMediaType" in schema


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _wrapped(start: str, inside: Sequence[str], end: str) -> Iterator[str]:
    """One line, or several where it is too long, none of which breaks one of the things inside."""
    line = f"{start}{', '.join(inside)}{end}"
    if len(line) <= LONGEST:
        yield line
        return
    indent = " " * (len(start) - len(start.lstrip()))
    yield start
    line = f"{indent}   "
    for one in inside:
        if len(line) + len(one) + 2 > LONGEST:
            yield line
            line = f"{indent}   "
        line += f" {one},"
    yield line
    yield indent + end


def _docstring(text: str) -> Iterator[str]:
    lines = textwrap.wrap(text, LONGEST - 14)
    if len(lines) == 1:
        yield f'        """{text}"""'
    else:
        yield from (f'        """{lines[0]}', *(f"        {line}" for line in lines[1:]), '        """')


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
