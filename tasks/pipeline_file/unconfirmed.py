"""Places of a pipeline file that somebody has yet to confirm: marked by the comment ``# please confirm``.

``rosterflow inspect --write`` sets the mark where it could not know; whoever knows deletes it. A template that still
makes addresses at example.invalid is such a place too, marked or not: nobody can be reached there.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.tokens import ScalarToken

from tasks.pipeline_file.plain_yaml import Node, Path, write_path

MARK = re.compile(r"#\s*please confirm\b[\s:.]*(.*)", re.IGNORECASE)
PLACEHOLDER = "example.invalid"
MOST_SAID = 300
_COMMENT = re.compile(r"(?:^|(?<=[\s,\[\]{}]))#.*", re.MULTILINE)
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*[ \t]+(#.*)")


@dataclass(frozen=True)
class Unconfirmed:
    """One place: its line (from 1), the key on it or above it, and what is to be confirmed, if the file says so."""

    line: int
    key: str
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (f"line {self.line}", self.key, self.what) if part)


def find_unconfirmed(text: str, node: Node) -> tuple[Unconfirmed, ...]:
    """Return the places of a readable file, in order. A mark in quotes or in a block of text is no comment."""
    places = sorted(_places(node, ()), key=lambda item: item[0])
    comments = _all_comments(text)
    marked = {
        line: Unconfirmed(line, _key_at(places, line), found[1].strip() or _said_above(line, text, comments))
        for line, comment in comments.items()
        if (found := MARK.search(comment))
    }
    unnamed = {
        line: Unconfirmed(line, write_path(path), f"name the domain of the addresses in the place of {PLACEHOLDER}")
        for line, path in _placeholders(node, ())
    }
    return tuple(place for _, place in sorted({**unnamed, **marked}.items()))


def _said_above(line: int, text: str, comments: Mapping[int, str]) -> str:
    """Return the comment that is the line right above *line*, nothing if that is none."""
    above = comments.get(line - 1, "")
    alone = line > 1 and text.splitlines()[line - 2].lstrip().startswith("#")
    return above.lstrip("# ").strip()[:MOST_SAID] if alone and not MARK.search(above) else ""


@lru_cache(maxsize=4)
def _all_comments(text: str) -> Mapping[int, str]:
    """Return the comments of *text* by line. A run reads its file many times, and the text is scanned once."""
    return MappingProxyType(dict(_comments(text)))


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each comment: what begins with ``#`` between the tokens of the file."""
    last = 0
    try:
        for token in YAML(typ="safe", pure=True).scan(text):
            yield from _comments_between(text, last, token.start_mark.index)
            last = max(last, token.end_mark.index)
            if isinstance(token, ScalarToken) and token.style in ("|", ">"):
                yield from _comments_of_block(text, token)
    except YAMLError:  # the reader has said what is wrong with it
        return
    yield from _comments_between(text, last, len(text))


def _comments_between(text: str, first: int, last: int) -> Iterator[tuple[int, str]]:
    for found in _COMMENT.finditer(text, first, last):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def _comments_of_block(text: str, token: ScalarToken) -> Iterator[tuple[int, str]]:
    found = _BLOCK_HEADER.match(text, token.start_mark.index)
    if found:
        yield token.start_mark.line + 1, found[1]


def _places(node: Node, path: Path) -> Iterator[tuple[int, Path]]:
    """Yield the line of every key and list item."""
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield node.key_lines[key], (*path, key)
            yield from _places(child, (*path, key))
    elif isinstance(node.value, list):
        for at, child in enumerate(node.value):
            yield child.line, (*path, at)
            yield from _places(child, (*path, at))


def _key_at(places: list[tuple[int, Path]], line: int) -> str:
    """Return the first key on *line*; where none is, the last one above it."""
    lines = [item[0] for item in places]
    after = bisect_right(lines, line)
    if not after:
        return ""
    first = lines.index(lines[after - 1]) if lines[after - 1] == line else after - 1
    return write_path(places[first][1])


def _placeholders(node: Node, path: Path) -> Iterator[tuple[int, Path]]:
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from _placeholders(child, (*path, key))
    elif isinstance(node.value, list):
        for at, child in enumerate(node.value):
            yield from _placeholders(child, (*path, at))
    elif path[:1] == ("sources",) and "columns" in path and PLACEHOLDER in (node.value or ""):
        yield node.line, path[: path.index("columns") + 2]
