"""A roster that this project did not make and does not hold (data/samples/entra_inbound.yaml says where it is)."""

import base64
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from flows.planning import check
from flows.run import Run
from tasks.ingest.inspection import draft_pipeline, inspect_file

pytestmark = pytest.mark.real
PIPELINE = Path(__file__).parents[2] / "data" / "samples" / "entra_inbound.yaml"


def test_ids_that_different_people_share_are_held_and_the_others_are_clean(
    public_file: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTRA_CSV", str(public_file("entra-inbound-1000.csv")))
    monkeypatch.setenv("ROSTERFLOW_HOME", str(tmp_path))
    run = check(PIPELINE)
    clean, held = run.folder.load_table("workday.clean"), run.folder.load_table("workday.held")
    assert (len(clean), int((clean["status"] == "active").sum()), len(held)) == (359, 170, 641)
    assert set(held["codes"]) == {"id_shared"}
    assert not held["key_usable"].any()


@pytest.fixture
def drafted(
    public_file: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[int, Run]]:
    """Inspect a public roster, write its pipeline file, confirm what is marked, check it; return the people and run."""
    monkeypatch.setenv("ROSTERFLOW_HOME", str(tmp_path / "home"))

    def run(name: str) -> tuple[int, Run]:
        found = inspect_file(public_file(name))
        target = tmp_path / "drafted.yaml"
        made = draft_pipeline(found, target, "acme.example").text.replace("  # please confirm", "")
        target.write_text(made, encoding="utf-8")
        return sum(table.people_likely for table in found.tables), check(target)

    return run


@pytest.mark.parametrize(
    ("name", "people", "clean", "held", "codes"),
    [
        ("dirty_data.xlsx", 10, 0, 12, {"id_missing", "user_name_missing"}),
        ("entra-inbound-1000.csv", 1000, 359, 641, {"id_shared"}),
        ("entra-inbound-5.txt", 5, 5, 0, set()),
        ("planetexpress.ldif", 7, 7, 0, set()),
    ],
)
def test_what_inspection_writes_for_a_public_roster_is_checked_as_it_stands(
    drafted: Callable[[str], tuple[int, Run]], name: str, people: int, clean: int, held: int, codes: set[str]
) -> None:
    likely, run = drafted(name)
    tables = [run.folder.load_table(f"hr.{kind}") for kind in ("clean", "held")]
    assert (likely, len(tables[0]), len(tables[1])) == (people, clean, held)
    assert {code for text in tables[1]["codes"] for code in text.split(",")} == codes


def test_the_groups_of_a_public_directory_are_told(public_file: Callable[[str], Path]) -> None:
    tables = inspect_file(public_file("planetexpress.ldif")).shape().tables
    assert [table.groups_likely for table in tables if table.groups_likely] == [2]


def test_no_photo_and_no_password_hash_of_a_public_directory_is_in_any_output(
    public_file: Callable[[str], Path], drafted: Callable[[str], tuple[int, Run]], tmp_path: Path,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    path = public_file("planetexpress.ldif")
    secrets = set(secrets_of(path.read_text(encoding="utf-8")))
    assert len(secrets) > 20
    drafted(path.name)
    said = capfd.readouterr()
    shape = inspect_file(path).shape().model_dump_json()
    written = b"".join(contents(path) for path in tmp_path.rglob("*") if path.is_file())
    assert b"7 rows" in written  # what is searched holds the people
    everything = written + (said.out + said.err + caplog.text + shape).encode()
    assert {secret for secret in secrets if secret in everything} == set()


def secrets_of(text: str) -> Iterator[bytes]:
    """Yield the beginnings of all hashes and photos of a directory, as they stand there and decoded."""
    for found in re.finditer(r"^(?:userPassword|jpegPhoto):: ((?:.|\n )+)", text, re.MULTILINE):
        value = found[1].replace("\n ", "")
        yield value[-40:-8].encode()
        yield base64.b64decode(value)[-30:-6]


def contents(path: Path) -> bytes:
    """Return what a file holds, unpacked if it is a workbook or a table."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_csv().encode()
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as package:
        return b"".join(package.read(name) for name in package.namelist())
