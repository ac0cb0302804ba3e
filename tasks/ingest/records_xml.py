"""Read an XML report (Workday's RaaS and its like) as tables: repeated elements are records, named without namespace.

A nested element is a column named by its path (``Worker.Name``), an attribute by ``@`` and its name. Of an element with
an attribute ``type``, as Workday marks its kinds of ids, the type is part of the name: ``Manager.ID[Employee_ID]``.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # the types; defusedxml parses

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from tasks.ingest.containers import Container
from tasks.ingest.files import ReadFile
from tasks.ingest.records import MAX_DEPTH, joined, no_such_records, table_of
from tasks.ingest.tables import RawTable, Reading
from tasks.model.errors import RejectedSource

Path = tuple[str, ...]


def read_xml(file: ReadFile, reading: Reading) -> list[RawTable]:
    """Return a table for each kind of element that is a record, or for the elements called ``records``.

    ``records`` is the name of an element, or its path from the root with ``/``. Without it the records are the
    elements in the root if they are of one name; else those that repeat, each name a table. Raises ``RejectedSource``
    if it is no XML, has entities of its own, is nested too deeply, or has no such elements.
    """
    counts = _counted(file)
    chosen = _chosen(file, counts, reading.records)
    records: dict[Path, list[dict[str, str]]] = {path: [] for path in chosen}
    _walk(file, lambda path, element: records[path].append(_flat(element)), set(chosen))
    return [table_of(file, path[-1], found, Container.XML) for path, found in records.items()]


def _chosen(file: ReadFile, counts: Counter[Path], wanted: str | None) -> list[Path]:
    """Return the paths of the elements that are records; *counts* are those of elements that hold others."""
    if wanted is not None:
        steps = tuple(wanted.strip("/").split("/"))
        found = [path for path in counts if path[-len(steps) :] == steps]
        if not found:
            raise no_such_records(file, wanted, ["/".join(path) for path in counts if len(path) > 1])
        return found
    top: list[Path] = [path for path in counts if len(path) == 2]
    if len(top) == 1 and not [path for path in counts if len(path) > 2 and counts[path] > counts[top[0]] == 1]:
        return top
    repeated = [path for path in counts if counts[path] > 1 and len(path) > 1]
    outer = [path for path in repeated if not any(path[: len(other)] == other for other in repeated if other != path)]
    if not outer and not top:
        raise no_such_records(file, None, [])
    return outer or top


def _counted(file: ReadFile) -> Counter[Path]:
    """Return how many elements there are at each path that hold elements, or attributes."""
    counts: Counter[Path] = Counter()

    def count(path: Path, element: Element) -> None:
        if len(element) or element.attrib:
            counts[path] += 1

    _walk(file, count, None)
    return counts


def _walk(file: ReadFile, see: Callable[[Path, Element], None], records: set[Path] | None) -> None:
    """Call *see* for every element when it ends, or for *records* only, which keep what is in them until then."""
    try:
        for path, element, inside in _elements(file, records):
            if records is None or path in records:
                see(path, element)
            if not inside:
                element.clear()
    except DefusedXmlException:
        raise file.rejected(
            "has XML entities of its own, which can make a small file fill all memory",
            "Have it exported without a document type definition.",
        ) from None
    except ParseError as exc:
        line, column = exc.position
        raise file.rejected(
            f"is no whole XML: line {line}, column {column + 1} cannot be read",
            "The export was probably cut off, or has failed: run it again.",
        ) from None
    except (LookupError, ValueError) as exc:
        raise file.rejected(
            "is XML in an encoding that cannot be read", "Have it exported as UTF-8.", reason=type(exc).__name__
        ) from None


def _elements(file: ReadFile, records: set[Path] | None) -> Iterator[tuple[Path, Any, bool]]:
    """Yield each element at its end with its path, and whether it is inside of a record that is not yet seen."""
    path: list[str] = []
    for event, element in iterparse(io.BytesIO(file.data), ("start", "end"), forbid_dtd=False):
        if event == "start":
            path.append(_local(element.tag))
            if len(path) > MAX_DEPTH:
                raise _too_deep(file)
            continue
        here = tuple(path)
        inside = records is not None and any(here[:depth] in records for depth in range(1, len(here)))
        yield here, element, inside
        path.pop()


def _too_deep(file: ReadFile) -> RejectedSource:
    return file.rejected(f"is nested more than {MAX_DEPTH} deep", "Have it exported flat.")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _flat(record: Element) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    left: list[tuple[str, Element]] = [("", record)]
    while left:
        path, element = left.pop()
        kind = next((value for name, value in element.attrib.items() if _local(name).lower() == "type"), "")
        here = f"{path}[{kind}]" if kind and path else path
        for name, value in element.attrib.items():
            if not (path and _local(name).lower() == "type"):
                found.setdefault(f"{here}.@{_local(name)}" if here else f"@{_local(name)}", []).append(value.strip())
        text = (element.text or "").strip()
        if here and (text or not len(element)):
            found.setdefault(here, []).append(text)
        left += [
            (f"{here}.{_local(child.tag)}" if here else _local(child.tag), child) for child in reversed(list(element))
        ]
    return {path: joined(values) for path, values in found.items()}
