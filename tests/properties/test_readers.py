"""Whatever the bytes: a reader gives tables of text or refuses the file, and does so in bounded time."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from tasks.ingest import read_roster
from tasks.ingest.containers import Container, tell
from tasks.ingest.files import ReadFile
from tasks.ingest.inspection.opening import open_tables
from tasks.ingest.tables import Reading
from tasks.model.errors import RejectedSource
from tasks.model.sources import Source
from tests.support.effort import examples
from tests.support.seeds import PASSWORD, seeds
from tests.support.waiting import spent_s

SEEDS = seeds()
IN_A_PROCESS = ("xlsx", "xls", "xlsb", "ods", "locked xlsx")
LONGEST_S = 20
FEW = settings(
    max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
MANY = settings(FEW, max_examples=examples(50))
STARTS = (
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"PAR1",
    b"[{",
    b"<r><a>",
    b"dn: cn=a\n",
    b"\xff\xfe",
    b'a,"b',
)
PIECES = (
    b"\0",
    b'"',
    b"<!DOCTYPE a [",
    b"<![CDATA[",
    b"[[[[",
    b"\n ",
    b"::",
    b"\xed\xa0\x80",
    b"\xff\xff\xff\xff",
    b"&#0;",
    b"1e999",
)


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Return a sound file with some of its bytes changed, left out, put in, doubled or cut off."""
    out = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(out) - 1)))
        match draw(st.sampled_from(["flip", "cut", "drop", "insert", "double"])):
            case "flip" if out:
                out[at] ^= draw(st.integers(1, 255))
            case "cut":
                del out[at:]
            case "drop":
                del out[at : at + draw(st.integers(1, 64))]
            case "insert":
                out[at:at] = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=16)))
            case "double":
                out[at:at] = out[at : at + draw(st.integers(1, 256))]
    return bytes(out)


def opened(data: bytes, reading: Reading | None = None) -> None:
    """Open a file, and look that it gives text or a refusal without the file's own words."""
    began = spent_s()
    try:
        for table in open_tables(ReadFile("staff", data), reading):
            assert all(type(cell) is str for row in table.rows for cell in row)
    except RejectedSource as exc:
        if not exc.remedy:
            raise AssertionError("a refusal says what to do") from exc
    assert spent_s() - began < LONGEST_S


def read(data: bytes, declared: str) -> None:
    """Read a file as a nightly run does."""
    columns = {"user_name": "Account", "department": "Department"}
    fields = {"name": "hr", "path": "staff", "snapshot": "full", "columns": columns, "password": "${PW}"}
    source = Source.model_validate(fields | ({"format": declared} if declared else {}))
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(RejectedSource):
        Path(folder, "staff").write_bytes(data)
        began = spent_s()
        try:
            read_roster(source, Path(folder), lambda _: SecretStr(PASSWORD))
        finally:
            assert spent_s() - began < LONGEST_S


@pytest.mark.parametrize("name", SEEDS)
def test_a_sound_file_is_opened(name: str) -> None:
    tables = open_tables(ReadFile("staff", SEEDS[name]), Reading(password=PASSWORD))
    assert any("ada" in row for table in tables for row in table.rows)


@MANY
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_told_and_opened_or_refused(data: bytes) -> None:
    assert tell(data) in Container
    opened(data)


@FEW
@given(st.sampled_from(STARTS), st.binary(max_size=400))
def test_arbitrary_bytes_behind_a_telling_start_are_opened_or_refused(start: bytes, data: bytes) -> None:
    opened(start + data, Reading(password=PASSWORD))


@pytest.mark.parametrize("name", SEEDS)
def test_a_damaged_file_is_opened_or_refused(name: str) -> None:
    @(FEW if name in IN_A_PROCESS else MANY)
    @given(damaged(SEEDS[name]))
    def holds(data: bytes) -> None:
        opened(data, Reading(password=PASSWORD))

    holds()


@pytest.mark.parametrize("name", ["csv", "json", "jsonl", "xml", "ldif", "parquet", "zip", "locked zip", "xlsx"])
def test_a_damaged_roster_is_read_or_refused(name: str) -> None:
    @FEW
    @given(damaged(SEEDS[name]))
    def holds(data: bytes) -> None:
        read(data, "")

    holds()


@MANY
@given(st.text(max_size=60), st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-16-be", "cp1252", "cp932", "cp037"]))
def test_text_of_any_dialect_is_opened_or_refused(text: str, encoding: str) -> None:
    opened(text.encode(encoding, errors="ignore"))
    opened(text.encode(encoding, errors="ignore"), Reading(encoding=encoding, delimiter=";", quote="'"))


@MANY
@given(st.binary(max_size=60), st.sampled_from(["utf-7", "utf-16", "shift_jis", "iso2022_jp", "punycode", "idna"]))
def test_bytes_that_are_declared_to_be_in_some_encoding_are_read_or_refused(data: bytes, encoding: str) -> None:
    opened(data, Reading(encoding=encoding))
