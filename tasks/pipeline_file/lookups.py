"""Read the tables beside a pipeline file in which its columns look values up, so that a pipeline is whole in itself."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.model.columns import clean_heading
from tasks.pipeline_file import plain_yaml
from tasks.pipeline_file.plain_yaml import Node, Problem
from tasks.pipeline_file.untyped import as_list, as_mapping
from tasks.pipeline_file.wording import did_you_mean

MAX_BYTES = 8 << 20


class _UnreadableError(Exception):
    """What is wrong with a table, and under which key of its lookup."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def read_lookups(node: Node, data: dict[str, Any], folder: Path) -> Iterator[Problem]:
    """Put the table of each lookup that names a file into *data*; yield what is wrong with it.

    A relative path is looked for in *folder*, then in the current one.
    """
    for path, lookup in _lookups(data):
        try:
            lookup["table"] = _table(lookup, folder)
        except _UnreadableError as exc:
            lookup["table"] = {}  # that nothing further is said of it
            yield Problem(node.line_of((*path, exc.key)), (*path, exc.key), str(exc))


def _lookups(data: dict[str, Any]) -> Iterator[tuple[plain_yaml.Path, dict[str, Any]]]:
    """Yield each lookup that is complete but for its table, and where it stands."""
    for at, source in enumerate(as_list(data.get("sources"))):
        columns = as_mapping(as_mapping(source).get("columns"))
        for name, column in columns.items():
            for number, entry in enumerate(as_list(as_mapping(column).get("do"))):
                lookup = as_mapping(as_mapping(entry).get("lookup"))
                if all(isinstance(lookup.get(key), str) for key in ("file", "key", "value")):
                    yield ("sources", at, "columns", name, "do", number, "lookup"), lookup


def _table(lookup: dict[str, Any], folder: Path) -> dict[str, str]:
    if "table" in lookup:
        raise _UnreadableError("table", "stands beside a file; give one of them")
    rows = _rows(lookup, folder)
    headings = [clean_heading(cell) for cell in rows[0]] if rows else []
    places = [_place(lookup, key, headings) for key in ("key", "value")]
    table: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        if not any(map(str.strip, row)):
            continue
        if len(row) < len(headings) or any(map(str.strip, row[len(headings) :])):
            raise _UnreadableError("file", f"row {number} has another length than the headings")
        key, value = (row[place].strip() for place in places)
        if key and table.setdefault(key, value) != value:
            raise _UnreadableError("file", f"says two things of one key: row {number} and a row above it")
    return table


def _rows(lookup: dict[str, Any], folder: Path) -> list[list[str]]:
    wanted, delimiter = Path(lookup["file"]), str(lookup.get("delimiter") or ",")
    path = next((path for path in (folder / wanted, Path.cwd() / wanted) if path.is_file()), None)
    if path is None:
        raise _UnreadableError("file", f"there is no file {folder / wanted}")
    if path.stat().st_size > MAX_BYTES:
        raise _UnreadableError("file", f"is larger than {MAX_BYTES >> 20} MiB: this is no table to look up in")
    try:
        text = path.read_bytes().decode(str(lookup.get("encoding") or "utf-8-sig"))
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except (OSError, UnicodeError, LookupError, csv.Error, TypeError, ValueError) as exc:
        raise _UnreadableError("file", "cannot be read as text with a delimiter, in the encoding that is said") from exc


def _place(lookup: dict[str, Any], key: str, headings: list[str]) -> int:
    heading = clean_heading(lookup[key])
    if heading not in headings:
        raise _UnreadableError(
            key, f"'{heading}' is no heading of the file" + did_you_mean(heading, headings, "headings")
        )
    if headings.count(heading) > 1:
        raise _UnreadableError(key, f"'{heading}' is the heading of several columns of the file")
    return headings.index(heading)
