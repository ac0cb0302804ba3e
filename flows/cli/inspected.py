"""How an inspection is shown in the terminal. No cell of the file is in it."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tasks.ingest.inspection.shape import (
    ColumnShape,
    DatesShape,
    HazardShape,
    InspectionShape,
    KeyShape,
    TableShape,
)  # fmt: skip
from tasks.ingest.inspection.texts import printable

WIDTH = 120
SHOWN = 8
MOST_TABLES, TABLES_SHOWN = 8, 3
MOST_COLUMNS = 60
KINDS = {
    "delimited": "delimited text", "jsonl": "JSON Lines", "json": "JSON", "xml": "XML", "ldif": "LDIF",
    "parquet": "Parquet",
}  # fmt: skip
SURE = 0.8


def tell(found: InspectionShape) -> None:
    """Print an inspection on stdout: one section for each table."""
    cleaned = InspectionShape.model_validate(_clean(found.model_dump()))
    console = Console(highlight=False)
    if console.is_terminal:
        for part in _parts(cleaned):
            console.print(part)
        return
    console = Console(highlight=False, width=WIDTH)
    with console.capture() as captured:
        for part in _parts(cleaned):
            console.print(part)
    lines = (line.rstrip() for line in captured.get().splitlines())
    sys.stdout.write("\n".join(lines) + "\n")


def _clean(value: Any) -> Any:
    """Return what is said without signs that a terminal would obey, or could not print."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


def _parts(found: InspectionShape) -> Iterator[RenderableType]:
    several = f", {len(found.tables)} tables" if len(found.tables) > 1 else ""
    yield Text.assemble((found.file, "bold"), several)
    tables = found.tables
    if len(tables) > MOST_TABLES:
        yield _overview(tables)
        tables = sorted(tables, key=lambda table: (table.hidden, -table.people_likely))[:TABLES_SHOWN]
        yield Text(f"The first {TABLES_SHOWN}, those with the most people; --sheet NAME shows any other:")
    for table in tables:
        yield Text()
        yield from _section(table)


def _overview(tables: Sequence[TableShape]) -> Table:
    grid = _grid("Table", ("People", "right"), ("Groups", "right"), ("Rows", "right"), ("Headings in", "right"))
    for table in tables:
        name = f"{table.sheet or KINDS.get(table.container, table.container)}{', hidden' if table.hidden else ''}"
        where = "–" if table.header_row is None else f"row {table.header_row}"
        grid.add_row(
            Text(name), _count(table.people_likely), _count(table.groups_likely), f"{table.rows.data:,}", where
        )
    return grid


def _count(number: int) -> str:
    return f"{number:,}" if number else "–"


def _grid(*titles: str | tuple[str, str]) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        name, side = (title, "left") if isinstance(title, str) else title
        grid.add_column(name, justify=side)  # type: ignore[arg-type]
    return grid


def _section(table: TableShape) -> Iterator[RenderableType]:
    yield Text(_title(table), style="bold cyan")
    yield _indented(Text(_rows(table)))
    for reason in table.evidence:
        yield _indented(Text(reason, style="dim"))
    if table.columns:
        yield _indented(_columns(table.columns))
    for title, parts in (
        ("Dates", [_dates(reading) for reading in table.dates]),
        ("Keys", [_key(key) for key in table.keys]),
    ):
        if parts:
            yield _indented(Text(title, style="bold"))
            yield from (_indented(part, 4) for part in parts)
    yield _indented(Text("Hazards" if table.hazards else "No hazards found", style="bold"))
    yield from _hazards(table.hazards)


def _indented(part: RenderableType, by: int = 2) -> Padding:
    return Padding(part, (0, 0, 0, by), expand=False)


def _title(table: TableShape) -> str:
    kind = KINDS.get(table.container, table.container)
    name = f"{table.sheet} ({kind})" if table.sheet else kind[:1].upper() + kind[1:]
    return f"{name}{', hidden' if table.hidden else ''}: {_whom(table)}"


def _whom(table: TableShape) -> str:
    if table.people_likely:
        return f"about {_number(table.people_likely, 'person', 'people')}"
    if table.groups_likely:
        return f"{_number(table.groups_likely, 'group')}, with their members"
    return "no list of people"


def _rows(table: TableShape) -> str:
    rows = table.rows
    said = [_number(rows.physical, "row"), f"{rows.data:,} of them data"]
    if rows.blank:
        said.append(f"{rows.blank:,} blank")
    if table.duplicates:
        said.append(f"{table.duplicates:,} {'repeats' if table.duplicates == 1 else 'repeat'} an earlier row")
    if table.header_row is None:
        where = "no headings found"
    elif table.header_rows > 1:
        where = f"headings in rows {table.header_row} to {table.header_row + table.header_rows - 1}"
    else:
        where = f"headings in row {table.header_row}"
    return f"{', '.join(said)}; {where}"


def _columns(columns: Sequence[ColumnShape]) -> Table:
    """Return the columns with what each is taken for; of those that are taken for nothing, no more than can be read."""
    grid = _grid("Column", "Taken for", ("Sure", "right"), ("Filled", "right"), ("Different", "right"), "Because")
    grid.columns[-1].style = "dim"
    left = MOST_COLUMNS
    for column in columns:
        left -= not column.proposal
        if column.proposal or left >= 0:
            proposal = Text(column.proposal or "–", style="" if column.proposal else "dim")
            grid.add_row(
                Text(column.name), proposal, _sure(column), f"{column.filled:,}", f"{column.distinct:,}",
                Text(column.evidence),
            )  # fmt: skip
    if left < 0:
        grid.add_row(Text(f"and {-left:,} more", style="dim"), Text("–", style="dim"))
    return grid


def _sure(column: ColumnShape) -> Text:
    if not column.proposal:
        return Text("")
    return Text(f"{column.confidence:.0%}", style="green" if column.confidence >= SURE else "yellow")


def _dates(reading: DatesShape) -> Text:
    name = (reading.column, "bold")
    if reading.ambiguous:
        forms = " or ".join(reading.candidates)
        rows = _list(reading.ambiguous_rows, reading.ambiguous_count)
        return Text.assemble(name, ": ", ("ambiguous", "yellow"), f", {forms}; nothing proves which ({rows})")
    if reading.format is None:
        return Text.assemble(name, f": {reading.written}, no one format")
    if not reading.proof_count:
        return Text.assemble(name, f": {reading.written}")
    return Text.assemble(name, f": {reading.format}, proven by {_list(reading.proof_rows, reading.proof_count)}")


def _key(key: KeyShape) -> Text:
    verdict = ("a key", "green") if key.unique else ("no key", "yellow")
    return Text.assemble((key.column, "bold"), ": ", verdict, f", {key.why}")


def _hazards(hazards: Sequence[HazardShape]) -> Iterator[RenderableType]:
    """Yield each kind of hazard once: where it is, what it means and what to do."""
    for code in dict.fromkeys(hazard.code for hazard in hazards):
        alike = [hazard for hazard in hazards if hazard.code == code]
        places = [place for place in map(_place, alike) if place]
        shown = "; ".join(places[:SHOWN]) + (f"; and in {len(places) - SHOWN} more columns" if places[SHOWN:] else "")
        yield _indented(Text.assemble((code, "yellow"), f"  {shown}" if shown else ""), 4)
        yield _indented(Text.assemble(f"{alike[0].means} ", (alike[0].remedy, "dim")), 6)


def _place(hazard: HazardShape) -> str:
    rows = _list(hazard.rows, hazard.count) if hazard.rows else ""
    return ", ".join(part for part in (hazard.column, rows) if part)


def _list(rows: Sequence[int], count: int) -> str:
    shown = ", ".join(map(str, rows[:SHOWN]))
    more = f" and {count - SHOWN:,} more" if count > SHOWN < len(rows) else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {shown}{more}"


def _number(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
