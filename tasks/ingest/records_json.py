"""Read JSON and JSON Lines as tables. A nested value is a column of its own, named by its path (``address.city``)."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tasks.ingest.containers import Container, wide_encoding
from tasks.ingest.delimited import decoded
from tasks.ingest.files import ReadFile
from tasks.ingest.records import MAX_DEPTH, joined, no_such_records, table_of
from tasks.ingest.tables import RawTable, Reading
from tasks.model.errors import RejectedSource

WHOLE = "."
"""How ``sources.records`` calls a list that is the whole document."""
REMEDY = "The export was probably cut off, or has failed: run it again."


def read_json(file: ReadFile, reading: Reading) -> list[RawTable]:
    """Return a table for each list of objects in the document, or the one at ``records``.

    Raises ``RejectedSource`` if it is no JSON, an object has a key twice, it is nested too deeply, has no such
    list, or has something else among the objects.
    """
    document = _parsed(file, _text(file, reading))
    places = {path or WHOLE: found for path, found in _lists(document, (), 0)}
    if reading.records is not None:
        if reading.records not in places:
            raise no_such_records(file, reading.records, list(places))
        places = {reading.records: places[reading.records]}
    if not places:
        raise no_such_records(file, None, [])
    for path, found in places.items():
        if not all(isinstance(item, dict) for item in found):
            raise file.rejected(
                f"has entries that are no objects in its list {path}", "Correct the export, or run it again."
            )
    return [
        table_of(file, None if path == WHOLE else path, [_flat(file, item) for item in found], Container.JSON)
        for path, found in places.items()
    ]


def read_json_lines(file: ReadFile, reading: Reading) -> list[RawTable]:
    """Return the objects, one a line, as a table. Raises ``RejectedSource`` if a line is no object."""
    records = []
    for number, line in enumerate(_text(file, reading).split("\n"), 1):
        if not line.strip():
            continue
        item = _parsed(file, line, number)
        if not isinstance(item, dict):
            raise file.rejected(f"is no JSON Lines: line {number} is no object", REMEDY, line=number)
        records.append(_flat(file, item))
    if not records:
        raise no_such_records(file, None, [])
    return [table_of(file, None, records, Container.JSONL)]


def _text(file: ReadFile, reading: Reading) -> str:
    return decoded(file, reading.encoding or wide_encoding(file.data) or "utf-8-sig")


class _KeyTwiceError(ValueError):
    """An object has a key twice: readers differ in which they take."""


def _parsed(file: ReadFile, text: str, line: int | None = None) -> Any:
    try:
        # numbers as they are written: 0.10 and an id of 20 digits must not change
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_once)
    except _KeyTwiceError:
        where = f" (line {line})" if line else ""
        raise file.rejected(f"has an object that has a key twice{where}", "Have it exported anew.") from None
    except RecursionError:
        raise _too_deep(file) from None
    except json.JSONDecodeError as exc:
        raise file.rejected(
            f"is no whole JSON: line {line or exc.lineno}, column {exc.colno} cannot be read: {exc.msg}", REMEDY
        ) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _KeyTwiceError
    return made


def _too_deep(file: ReadFile) -> RejectedSource:
    return file.rejected(f"is nested more than {MAX_DEPTH} deep", "Set sources.records, or have it exported flat.")


def _lists(value: Any, path: tuple[str, ...], depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield the lists that hold objects, and where they are; not those inside of records."""
    if isinstance(value, list):
        if any(isinstance(item, dict) for item in value):
            yield ".".join(path), value
    elif isinstance(value, dict) and depth < MAX_DEPTH:
        for key, item in value.items():
            yield from _lists(item, (*path, key), depth + 1)


def _flat(file: ReadFile, record: dict[str, Any]) -> dict[str, str]:
    """Return the fields of a record by their paths; what is in a list of objects has one path, its values joined."""
    found: dict[tuple[str, ...], list[str]] = {}
    left: list[tuple[tuple[str, ...], Any, int]] = [((), record, 0)]
    while left:
        path, value, depth = left.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(file)
        if isinstance(value, dict):
            left += [((*path, key), item, depth + 1) for key, item in reversed(value.items())]
        elif isinstance(value, list):
            left += [(path, item, depth + 1) for item in reversed(value)]
        else:
            found.setdefault(path, []).append(_cell(value))
    named = {".".join(path): joined(values) for path, values in found.items()}
    if len(named) < len(found):
        twice = [name for name, count in Counter(map(".".join, found)).items() if count > 1]
        raise file.rejected(f"has two fields that are called '{twice[0]}'", "Have one of them renamed.")
    return named


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
