"""Read the file of a fault plan, YAML 1.2 or JSON, and know the line of everything in it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from tasks.model.errors import BadUsage

Place = tuple[int | str, ...]


@dataclass(frozen=True)
class Document:
    """A document's value, and the lines of its parts where it came from a file."""

    value: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def under(self, key: str) -> "Document":
        """Return a document in which this one is the value of *key*."""
        return Document({key: self.value}, {(key, *place): line for place, line in self.lines.items()})

    def place(self, where: Place) -> str:
        """Return a place for a message, with its line or that of what encloses it, and a colon.

        >>> Document([], {("rules", 0): 3}).place(("rules", 0, "fault"))
        'line 3, rules[0].fault: '
        """
        known = next((where[:end] for end in range(len(where), -1, -1) if where[:end] in self.lines), None)
        line = "" if known is None else f"line {self.lines[known]}"
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).removeprefix(".")
        said = ", ".join(part for part in (line, path) if part)
        return f"{said}: " if said else ""


def read_document(path: Path) -> Document:
    """Return the document in a file. Raises ``BadUsage``, with the line, if it cannot be read or is neither."""
    text = _text(path)
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        value = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = f" (line {mark.line + 1}: {exc.problem})" if mark else ""
        raise _unreadable(path, f"is neither YAML nor JSON{line}") from exc
    except YAMLError as exc:
        raise _unreadable(path, f"is neither YAML nor JSON ({type(exc).__name__})") from exc
    lines: dict[Place, int] = {}
    if root is not None:
        _note(root, (), lines)
    return Document(value, lines)


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise _unreadable(path, f"cannot be read ({exc.strerror})") from exc
    except UnicodeDecodeError as exc:
        raise _unreadable(path, "is not UTF-8 text") from exc
    try:
        json.loads(text)
    except ValueError:
        return text
    return text.replace("\t", " ")  # JSON may be indented by tabs, which YAML refuses; inside its text none can stand


def _unreadable(path: Path, why: str) -> BadUsage:
    return BadUsage(f"The fault plan {path} {why}.", sent="The sandbox was not changed.")


def _note(node: Node, place: Place, lines: dict[Place, int]) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        for key, value in node.value:
            lines[*place, key.value] = key.start_mark.line + 1
            _note(value, (*place, key.value), lines)
    elif isinstance(node, SequenceNode):
        for number, item in enumerate(node.value):
            _note(item, (*place, number), lines)
