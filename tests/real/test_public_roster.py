"""A roster that this project did not make and does not hold (data/samples/entra_inbound.yaml says where it is)."""

from collections.abc import Callable
from pathlib import Path

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
