"""Open a file for inspection: every table in it, with what its cells are and why it was read so."""

import io
from datetime import date, datetime, time
from pathlib import Path

from tasks.ingest.cells import CellFacts, cell_facts, has_macros
from tasks.ingest.inspection.tables import BLANK, BOOLEAN, DATE, NUMBER, TEXT, Mark, OpenedTable
from tasks.ingest.inspection.texts import open_text
from tasks.model.errors import RejectedSource

KINDS = {str: TEXT, float: NUMBER, int: NUMBER, bool: BOOLEAN, datetime: DATE, date: DATE}


def open_all(path: Path) -> list[OpenedTable]:
    data = path.read_bytes()
    if not data:
        raise RejectedSource(f"The file {path.name} is empty.", file=path.name)
    if data.startswith(b"PK\x03\x04"):
        return open_workbook(data)
    return [open_text(data, "delimited")]


def open_workbook(data: bytes) -> list[OpenedTable]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    facts = cell_facts(data)
    macros = (Mark("macros"),) if has_macros(data) else ()
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    tables = []
    for sheet in workbook.sheets_metadata:
        if sheet.typ != SheetTypeEnum.WorkSheet:
            continue
        rows = workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
        tables.append(
            OpenedTable(
                "xlsx",
                [[written(c) for c in row] for row in rows],
                sheet.name,
                hidden=sheet.visible != SheetVisibleEnum.Visible,
                kinds=["".join([kind(c) for c in row]) for row in rows],
                facts=facts.get(sheet.name, CellFacts()),
                marks=macros,
            )
        )
    return tables


def kind(cell):
    return BLANK if cell == "" else KINDS.get(type(cell), TEXT)


def written(cell):
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return "" if cell is None else str(cell)
