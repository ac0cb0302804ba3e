"""Ingest, whatever the cells: what went in comes out, each row under its own number, in either kind of file."""

import contextlib
import csv
import io
import tempfile
from datetime import datetime
from pathlib import Path

import xlsxwriter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.ingest import read_roster
from tasks.model.errors import RejectedSource
from tasks.model.rosters import Roster
from tasks.model.sources import Source
from tests.support.effort import examples

HEADINGS = ("Account", "Department", "Remarks")
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff"), max_size=12)
LINES = st.builds("\n".join, st.lists(CELLS, min_size=1, max_size=3))
ROWS = st.lists(st.tuples(CELLS, CELLS, LINES), min_size=1, max_size=12)
RUNS = settings(max_examples=examples(10), deadline=None)


def source(path: str, **fields: object) -> Source:
    columns = {"user_name": "Account", "department": "Department"}
    return Source.model_validate({"name": "hr", "path": path, "snapshot": "full", "columns": columns} | fields)


def read(path: str, data: bytes, **fields: object) -> Roster:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, path).write_bytes(data)
        return read_roster(source(path, **fields), Path(folder))


def delimited(rows: list[tuple[str, ...]], delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([HEADINGS, *rows])
    return text.getvalue().encode()


def workbook(rows: list[tuple[str, ...]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties({"created": datetime(2026, 9, 1)})  # noqa: DTZ001  (equal cells, equal bytes)
        sheet = book.add_worksheet()
        for at, row in enumerate([HEADINGS, *rows]):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)
    return buffer.getvalue()


def cells_by_row(roster: Roster) -> dict[int, list[str]]:
    return dict(zip(roster.raw.index, roster.raw.fillna("").to_numpy().tolist(), strict=True))


def expected(rows: list[tuple[str, ...]]) -> dict[int, list[str]]:
    return {at: list(row) for at, row in enumerate(rows, 2) if any(map(str.strip, row))}


@RUNS
@given(ROWS, st.sampled_from([",", ";", "\t", "|"]))
def test_text_comes_out_as_it_went_in(rows: list[tuple[str, ...]], delimiter: str) -> None:
    assume(expected(rows))
    assert cells_by_row(read("staff.csv", delimited(rows, delimiter), delimiter=delimiter)) == expected(rows)


@RUNS
@given(ROWS)
def test_a_workbook_and_a_text_file_of_equal_cells_give_equal_workers(rows: list[tuple[str, ...]]) -> None:
    assume(expected(rows))
    from_text, from_book = read("staff.csv", delimited(rows)), read("staff.xlsx", workbook(rows))
    kept = [name for name in from_text.workers.columns if name not in ("file", "sheet")]
    assert from_text.workers[kept].equals(from_book.workers[kept])


@RUNS
@given(ROWS)
def test_every_row_has_one_worker_and_trimmed_attributes(rows: list[tuple[str, ...]]) -> None:
    assume(expected(rows))
    roster = read("staff.csv", delimited(rows))
    assert roster.workers["row"].tolist() == roster.raw.index.tolist() == list(expected(rows))
    for attribute in ("user_name", "department"):
        values = roster.workers[attribute].dropna()
        assert (values == values.str.strip()).all()
        assert (values != "").all()


@RUNS
@given(
    st.binary(max_size=200), st.sampled_from(["staff.csv", "staff.xlsx"]), st.sampled_from([None, "cp1252", "utf-16"])
)
def test_no_bytes_end_otherwise_than_in_a_refusal(data: bytes, path: str, encoding: str | None) -> None:
    with contextlib.suppress(RejectedSource):
        roster = read(path, data, encoding=encoding)
        assert roster.rows == len(roster.workers) > 0


@RUNS
@given(st.data())
def test_no_damaged_workbook_ends_otherwise_than_in_a_refusal(data: st.DataObject) -> None:
    whole = bytearray(workbook([("ada", "IT", ""), ("bob", "Sales", "x")]))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RejectedSource):
        read("staff.xlsx", bytes(whole))
