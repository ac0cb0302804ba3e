"""What a workbook's sheet says of its cells beside their values: formulas, errors, hidden rows, merged cells, formats.

The sheet's XML is read as it stands, in one pass over its elements: calamine gives values alone, and openpyxl would
take half a minute for a hundred thousand rows. Where nothing in the bytes hints at such a fact, no sheet is read.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

HINTS = (b"<f", b":f>", b":f ", b't="e"', b"t='e'", b'hidden="', b"hidden='", b"mergeCell")
MACROS = "xl/vbaProject.bin"

_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ZEROS = re.compile(r"0{2,}")
Place = tuple[int, int]


@dataclass(frozen=True)
class CellFacts:
    """Facts of one sheet; places are row and column, from 1. ``padded`` are cells shown with leading zeros that are
    no part of the number (format ``00000``); ``merged`` are first and last place of each merged area."""

    formulas: tuple[Place, ...] = ()
    uncached: tuple[Place, ...] = ()
    errors: Mapping[Place, str] = field(default_factory=dict)
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    merged: tuple[tuple[Place, Place], ...] = ()
    padded: tuple[Place, ...] = ()


def has_macros(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return MACROS in package.namelist()


def cell_facts(data: bytes) -> dict[str, CellFacts]:
    """Return the facts of each sheet of an .xlsx or .xlsm workbook, by its name.

    Raises ``zipfile.BadZipFile``, ``KeyError`` or ``expat.ExpatError`` where the package is damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        padding = _padding_styles(package)
        return {name: _facts_of(package.read(part), padding) for name, part in _sheet_parts(package).items()}


def _sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of each sheet, by the sheet's name."""
    there = set(package.namelist())
    targets = {
        _attribute(found, "Id"): _attribute(found, "Target")
        for found in _elements(package.read("xl/_rels/workbook.xml.rels"), "Relationship")
    }
    parts: dict[str, str] = {}
    for sheet in _elements(package.read("xl/workbook.xml"), "sheet"):
        target = targets.get(next((value for key, value in sheet.items() if key.endswith(":id")), ""), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in there:
            parts[sheet["name"]] = part
    return parts


def _padding_styles(package: zipfile.ZipFile) -> frozenset[str]:
    """Return the style numbers whose format writes leading zeros."""
    if "xl/styles.xml" not in package.namelist():
        return frozenset()
    data = package.read("xl/styles.xml")
    formats = {found.get("numFmtId") for found in _elements(data, "numFmt") if _ZEROS.fullmatch(found["formatCode"])}
    if not formats:
        return frozenset()
    inside = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", data, re.DOTALL)
    styles = re.findall(rb"""<(?:\w+:)?xf\s[^>]*?numFmtId=["'](\d+)["']""", inside[0]) if inside else []
    return frozenset(str(at) for at, number in enumerate(styles) if number.decode() in formats)


def _attribute(element: Mapping[str, str], name: str) -> str:
    return element.get(name, "")


def _elements(data: bytes, name: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        if element.rpartition(":")[2] == name:
            found.append(attributes)

    parser = _parser()
    parser.StartElementHandler = start
    parser.Parse(data, True)
    return found


class _DeclaredTypeError(expat.ExpatError):
    """A sheet has a document type, which no spreadsheet program writes; entities hide there."""


def _parser() -> expat.XMLParserType:
    def refuse(*_: object) -> None:
        raise _DeclaredTypeError("a document type is declared")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.buffer_text = True
    return parser


def _facts_of(data: bytes, padding: frozenset[str]) -> CellFacts:
    if not padding and not any(hint in data for hint in HINTS):
        return CellFacts()
    reader = _SheetReader(padding)
    parser = _parser()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.Parse(data, True)
    return reader.facts()


class _SheetReader:
    def __init__(self, padding: frozenset[str]) -> None:
        self.padding = padding
        self.formulas: list[Place] = []
        self.uncached: list[Place] = []
        self.errors: dict[Place, str] = {}
        self.hidden_rows: list[int] = []
        self.hidden_columns: list[int] = []
        self.merged: list[tuple[Place, Place]] = []
        self.padded: list[Place] = []
        self.row = self.column = 0
        self.kind = ""
        self.has_formula = self.in_value = False
        self.value = ""

    def start(self, element: str, attributes: dict[str, str]) -> None:
        name = element.rpartition(":")[2]
        if name == "c":
            self._begin_cell(attributes)
        elif name == "v" or name == "t":
            self.in_value = True
        elif name == "f":
            self.has_formula = True
        elif name == "row":
            self._begin_row(attributes)
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = int(attributes["min"]), int(attributes["max"])
            self.hidden_columns += range(first, min(last, first + 1000) + 1)
        elif name == "mergeCell":
            first_cell, _, last_cell = attributes["ref"].partition(":")
            self.merged.append((place(first_cell), place(last_cell or first_cell)))

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self.row = int(attributes["r"]) if "r" in attributes else self.row + 1
        self.column = 0
        if attributes.get("hidden") in ("1", "true"):
            self.hidden_rows.append(self.row)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        if "r" in attributes:
            self.row, self.column = place(attributes["r"])
        else:
            self.column += 1
        self.kind = attributes.get("t", "n")
        self.has_formula = False
        self.value = ""
        if self.kind == "n" and attributes.get("s") in self.padding:
            self.padded.append((self.row, self.column))

    def text(self, text: str) -> None:
        if self.in_value:
            self.value += text

    def end(self, element: str) -> None:
        name = element.rpartition(":")[2]
        if name in ("v", "t"):
            self.in_value = False
        elif name == "c":
            self._end_cell()

    def _end_cell(self) -> None:
        here = (self.row, self.column)
        if self.kind == "e" and self.value:
            self.errors[here] = self.value
        if self.has_formula:
            self.formulas.append(here)
            if not self.value and self.kind != "str":  # a formula can have blank text as its result, and says so
                self.uncached.append(here)

    def facts(self) -> CellFacts:
        return CellFacts(
            tuple(self.formulas), tuple(self.uncached), self.errors, tuple(self.hidden_rows),
            tuple(self.hidden_columns), tuple(self.merged), tuple(self.padded),
        )  # fmt: skip


def place(reference: str) -> Place:
    """Return row and column of a cell's name.

    >>> place("AB12")
    (12, 28)
    """
    found = _CELL.fullmatch(reference)
    if found is None:
        return (0, 0)
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]), column
