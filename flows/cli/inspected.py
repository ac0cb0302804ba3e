"""How an inspection is shown in the terminal. No cell of the file is in it."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
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

WIDTH = 120
SHOWN = 8
KINDS = {"delimited": "delimited text", "jsonl": "JSON Lines", "json": "JSON", "xml": "XML", "ldif": "LDIF"}
SURE = 0.8


def tell(found: InspectionShape) -> None:
    """Print an inspection on stdout: one section for each table."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    several = f", {len(found.tables)} tables" if len(found.tables) > 1 else ""
    console.print(f"[bold]{escape(found.file)}[/bold]{several}")
    for table in found.tables:
        console.print()
        console.print(Group(*_section(table)))


def _section(table: TableShape) -> Iterator[RenderableType]:
    yield Text.from_markup(f"[bold cyan]{escape(_title(table))}[/bold cyan]")
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
            yield from (_indented(Text.from_markup(part), 4) for part in parts)
    yield _indented(Text("Hazards" if table.hazards else "No hazards found", style="bold"))
    if table.hazards:
        yield _indented(_hazards(table.hazards), 4)


def _indented(part: RenderableType, by: int = 2) -> Padding:
    return Padding(part, (0, 0, 0, by))


def _title(table: TableShape) -> str:
    kind = KINDS.get(table.container, table.container)
    name = f"{table.sheet} ({kind})" if table.sheet else kind[:1].upper() + kind[1:]
    people = f"about {_number(table.people_likely, 'person', 'people')}" if table.people_likely else "no list of people"
    return f"{name}{', hidden' if table.hidden else ''}: {people}"


def _rows(table: TableShape) -> str:
    rows = table.rows
    said = [_number(rows.physical, "row"), f"{rows.data:,} of them data"]
    if rows.blank:
        said.append(f"{rows.blank:,} blank")
    if table.duplicates:
        said.append(f"{table.duplicates:,} repeat an earlier row")
    if table.header_row is None:
        where = "no headings found"
    elif table.header_rows > 1:
        where = f"headings in rows {table.header_row} to {table.header_row + table.header_rows - 1}"
    else:
        where = f"headings in row {table.header_row}"
    return f"{', '.join(said)}; {where}"


def _columns(columns: Sequence[ColumnShape]) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title, side in (("Column", "left"), ("Taken for", "left"), ("Sure", "right"), ("Filled", "right")):
        grid.add_column(title, justify=side)  # type: ignore[arg-type]
    grid.add_column("Different", justify="right")
    grid.add_column("Because", ratio=1, style="dim")
    for column in columns:
        proposal = Text(column.proposal or "–", style="" if column.proposal else "dim")
        grid.add_row(
            Text(column.name), proposal, _sure(column), f"{column.filled:,}", f"{column.distinct:,}",
            Text(column.evidence),
        )  # fmt: skip
    return grid


def _sure(column: ColumnShape) -> Text:
    if not column.proposal:
        return Text("")
    return Text(f"{column.confidence:.0%}", style="green" if column.confidence >= SURE else "yellow")


def _dates(reading: DatesShape) -> str:
    name = f"[bold]{escape(reading.column)}[/bold]"
    if reading.ambiguous:
        forms = " or ".join(reading.candidates)
        rows = _list(reading.ambiguous_rows, reading.ambiguous_count)
        return f"{name}  [yellow]ambiguous[/yellow]: {forms}; nothing proves which (row {rows})"
    if reading.format is None:
        return f"{name}  {reading.written}: no format"
    if not reading.proof_count:
        return f"{name}  {reading.written}"
    return f"{name}  {reading.format}, proven by row {_list(reading.proof_rows, reading.proof_count)}"


def _key(key: KeyShape) -> str:
    verdict = "[green]a key[/green]" if key.unique else "[yellow]no key[/yellow]"
    return f"[bold]{escape(key.column)}[/bold]  {verdict}: {escape(key.why)}"


def _hazards(hazards: Sequence[HazardShape]) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("Hazard", style="yellow", no_wrap=True)
    grid.add_column("Where")
    grid.add_column("Count", justify="right")
    grid.add_column("What it means, and what to do", ratio=1)
    for hazard in hazards:
        where = ", ".join(
            part for part in (hazard.column, f"row {_list(hazard.rows, hazard.count)}" if hazard.rows else None) if part
        )
        what = Text.assemble(f"{hazard.means} ", (hazard.remedy, "dim"))
        grid.add_row(hazard.code, Text(where), f"{hazard.count:,}", what)
    return grid


def _list(rows: Sequence[int], count: int) -> str:
    shown = ", ".join(map(str, rows[:SHOWN]))
    return f"{shown} and {count - SHOWN:,} more" if count > SHOWN and len(rows) > SHOWN else shown


def _number(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
