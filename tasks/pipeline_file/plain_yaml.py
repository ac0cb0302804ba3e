"""Read a YAML 1.2 file in which every scalar stays text, and know the line of everything in it.

The file is read from YAML's events, before any tag is resolved: ``NO``, ``0123``, ``2027-03-31`` and ``5%`` stay what
was written, quoted or not; only a plain ``null``, ``~`` or nothing is None. Anchors, aliases, tags, merge keys,
duplicate keys and further documents are refused: they make a policy hard to review, and aliases can blow up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

MAX_DEPTH = 20
NULLS = frozenset({"", "~", "null", "Null", "NULL"})

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file: its line (from 1), the key path, and a sentence."""

    line: int
    path: Path
    message: str


@dataclass(frozen=True)
class Node:
    """A value and the line it starts on. ``key_lines`` has the lines of a mapping's keys."""

    line: int
    value: "str | dict[str, Node] | list[Node] | None"
    key_lines: dict[str, int] = field(default_factory=dict)

    def plain(self) -> Any:
        """Return the value as dicts, lists, text and None."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def find(self, path: Path) -> "tuple[Node, Path]":
        """Return the deepest node on *path* that exists, and how much of the path leads to it."""
        node = self
        for depth, step in enumerate(path):
            child = node.child(step)
            if child is None:
                return node, path[:depth]
            node = child
        return node, path

    def child(self, step: str | int) -> "Node | None":
        """Return the value of a key, or the item at an index; None where there is none."""
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            return self.value[step]
        return None

    def line_of(self, path: Path) -> int:
        """Return the line of the key (or list item) at *path*; that of what encloses it where it is absent."""
        found, known = self.find(path)
        if known and isinstance(known[-1], str):
            parent, _ = self.find(known[:-1])
            return parent.key_lines[known[-1]]
        return found.line


def write_path(path: Path) -> str:
    """Return *path* as a person writes it.

    >>> write_path(("sources", 0, "snapshot"))
    'sources[0].snapshot'
    """
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read(text: str) -> tuple[Node | None, list[Problem]]:
    """Return the document of *text*, None if it cannot be read at all, and what is wrong with it as YAML.

    Each step of a run reads the pipeline file again: the same text is parsed once. Nobody may change the nodes.
    """
    node, problems = _read(text)
    return node, list(problems)


@lru_cache(maxsize=4)
def _read(text: str) -> tuple[Node | None, list[Problem]]:
    reader = _Reader()
    try:
        return reader.document(iter(YAML(typ="safe", pure=True).parse(text))), reader.problems
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        message = "; ".join(part for part in (exc.context, exc.problem) if part)
        return None, [Problem(mark.line + 1 if mark else 1, (), f"this is not YAML: {message}")]
    except ReaderError as exc:
        line = text.count("\n", 0, exc.position) + 1
        return None, [Problem(line, (), f"a character that YAML does not allow (U+{exc.character:04X}) stands here")]
    except _TooDeepError as exc:
        return None, [Problem(exc.line, (), f"this is nested more than {MAX_DEPTH} levels deep")]


class _TooDeepError(Exception):
    def __init__(self, line: int) -> None:
        self.line = line


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


class _Reader:
    """Build nodes from events, noting what is refused instead of stopping at it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def document(self, events: Iterator[Event]) -> Node | None:
        root, documents = None, 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents == 2:
                    self._refuse(event, (), "a second document begins here; a pipeline file is one document")
            elif isinstance(event, NodeEvent):
                node = self._node(event, events, ())
                root = root or node
        return root

    def _node(self, event: NodeEvent, events: Iterator[Event], path: Path) -> Node:
        if len(path) > MAX_DEPTH:
            raise _TooDeepError(_line(event))
        self._check_marks(event, path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(event, events, path)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, events, path)
        if isinstance(event, ScalarEvent) and not (event.style is None and event.value in NULLS):
            return Node(_line(event), event.value)
        return Node(_line(event), None)

    def _check_marks(self, event: NodeEvent, path: Path) -> None:
        if isinstance(event, AliasEvent):
            self._refuse(event, path, "aliases (*name) are not allowed; write the value out")
        elif event.anchor is not None:
            self._refuse(event, path, "anchors (&name) are not allowed; write the value out where it is needed")
        if getattr(event, "tag", None) is not None:
            self._refuse(event, path, "tags (!name) are not allowed; every value is text until its key types it")

    def _sequence(self, start: Event, events: Iterator[Event], path: Path) -> Node:
        items: list[Node] = []
        for event in events:
            if isinstance(event, CollectionEndEvent):
                break
            assert isinstance(event, NodeEvent)  # noqa: S101  (the parser's grammar; tells mypy)
            items.append(self._node(event, events, (*path, len(items))))
        return Node(_line(start), items)

    def _mapping(self, start: Event, events: Iterator[Event], path: Path) -> Node:
        children: dict[str, Node] = {}
        key_lines: dict[str, int] = {}
        for event in events:
            if isinstance(event, CollectionEndEvent):
                break
            assert isinstance(event, NodeEvent)  # noqa: S101
            key = self._key(event, events, path)
            value_event = next(events)
            assert isinstance(value_event, NodeEvent)  # noqa: S101
            node = self._node(value_event, events, (*path, key if key is not None else "?"))
            if key is None:
                continue
            if key in children:
                self._refuse(event, (*path, key), f"this key stands here twice (first on line {key_lines[key]})")
                continue
            children[key], key_lines[key] = node, _line(event)
        return Node(_line(start), children, key_lines)

    def _key(self, event: NodeEvent, events: Iterator[Event], path: Path) -> str | None:
        self._check_marks(event, path)
        if isinstance(event, ScalarEvent):
            return str(event.value)
        if not isinstance(event, AliasEvent):
            self._refuse(event, path, "a key must be text")
            self._node(event, events, path)
        return None

    def _refuse(self, event: Event, path: Path, message: str) -> None:
        self.problems.append(Problem(_line(event), path, message))
