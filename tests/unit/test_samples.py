"""The samples: what the generator makes is what is there, and each tells the story it is there for."""

import importlib.util
import json
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import openpyxl
import pytest

from tasks.ingest import read_roster
from tasks.model.rosters import Roster
from tasks.pipeline_file import load_pipeline

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
WORKBOOKS = ("acme_staff.xlsx", "acme_staff_next.xlsx", "acme_staff_truncated.xlsx")


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", SAMPLES / "make_samples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(generator: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    generator.main(folder)
    return folder


def acme(path: str = "acme_staff.xlsx") -> Roster:
    loaded = load_pipeline(SAMPLES / "acme.yaml", {})
    return read_roster(loaded.pipeline.sources[0].model_copy(update={"path": path}), loaded.folder)


def people(roster: Roster) -> dict[str, dict[str, Any]]:
    return {worker["external_id"]: worker for worker in roster.workers.to_dict("records")}


def active(roster: Roster) -> set[str]:
    return {number for number, worker in people(roster).items() if worker["status"] == "active"}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_workbooks_are_what_the_generator_makes(made: Path, name: str) -> None:
    books = [openpyxl.load_workbook(folder / name) for folder in (made, SAMPLES)]
    assert books[0].sheetnames == books[1].sheetnames == ["Staff", "Notes"]
    for sheet in books[0].sheetnames:
        cells = [[list(row) for row in book[sheet].iter_rows(values_only=True)] for book in books]
        assert cells[0] == cells[1]


@pytest.mark.parametrize("name", ["acme_france.csv", "acme_tenant.json"])
def test_text_samples_are_what_the_generator_makes(made: Path, name: str) -> None:
    assert (made / name).read_bytes() == (SAMPLES / name).read_bytes()


def test_the_first_month_has_300_people_with_ids_of_their_own() -> None:
    roster = acme()
    assert roster.rows == 300
    assert roster.sheet == "Staff"
    assert roster.workers["external_id"].is_unique
    assert roster.workers["external_id"].str.fullmatch(r"00\d{3}").all()
    assert roster.workers["user_name"].str.lower().is_unique
    assert Counter(roster.workers["status"]) == {"active": 288, "inactive": 12}
    assert roster.findings.empty
    assert set(roster.workers["locale"]) == {"en_US", "fr_FR", "de_DE"}
    assert roster.workers["end_date"].dropna().str.fullmatch(r"20\d\d-\d\d-\d\d").all()


def test_the_next_month_has_joiners_movers_leavers_and_two_rows_to_hold() -> None:
    before, after = acme(), acme("acme_staff_next.xlsx")
    old, new = people(before), people(after)
    assert len(new.keys() - old.keys()) == 8
    moved = [number for number in old.keys() & new.keys() if old[number]["department"] != new[number]["department"]]
    assert len(moved) == 6
    left = active(before) - active(after)
    held = {"00133", "00310"}
    assert len(left - held) == 5
    assert len(left) / len(active(before)) < 0.05
    assert after.findings[["row", "code"]].to_numpy().tolist() == [[211, "value_not_mapped"]]
    assert new["00133"]["user_name"].count("@") == 2


def test_the_exception_is_for_somebody_who_moves_away_from_what_they_keep() -> None:
    who = load_pipeline(SAMPLES / "acme.yaml", {}).pipeline.exceptions[0].who
    departments = [people(acme(name))[who]["department"] for name in WORKBOOKS[:2]]
    assert departments == ["Sales", "Engineering"]


def test_the_truncated_file_loses_a_third() -> None:
    whole, cut = active(acme()), active(acme("acme_staff_truncated.xlsx"))
    assert 0.30 < len(whole - cut) / len(whole) < 0.36


def test_all_departments_have_a_rule() -> None:
    pipeline = load_pipeline(SAMPLES / "acme.yaml", {}).pipeline
    ruled = {value.casefold() for rule in pipeline.rules for value in rule.when["department"]}
    assert {department.casefold() for department in acme("acme_staff_next.xlsx").workers["department"]} == ruled


def test_the_french_list_keeps_its_accents() -> None:
    loaded = load_pipeline(SAMPLES / "acme_france.yaml", {})
    roster = read_roster(loaded.pipeline.sources[0], loaded.folder)
    assert roster.rows == 40
    assert roster.findings.empty
    assert "Lœna" in set(roster.workers["given_name"])
    assert set(roster.workers["department"]) == {"Ventes", "Communication", "Formation", "Études", "Comptabilité"}
    assert roster.raw["Observations"].str.contains("\n").sum() == 2
    assert roster.raw.index.tolist() == list(range(2, 42))


def test_the_tenant_knows_some_of_the_staff_and_has_seats_for_all() -> None:
    tenant = json.loads((SAMPLES / "acme_tenant.json").read_text(encoding="utf-8"))
    staff = set(acme().workers["user_name"].str.lower())
    users = {user["email"]: user for user in tenant["users"]}
    assert len(users.keys() & staff) == 20
    assert len(users.keys() - staff) == 4
    assert users["breakglass@acme.example"]["adminRoles"] == ["SUPER_USER"]
    assert sum(licence["seats"] for licence in tenant["licences"]) > 500
    names = people(acme()).values()
    drifted = [
        worker for worker in names
        if (user := users.get(worker["user_name"].lower())) and user["lastName"] != worker["family_name"]
    ]  # fmt: skip
    assert drifted


def test_everybody_is_invented_and_every_address_is_reserved() -> None:
    tenant = json.loads((SAMPLES / "acme_tenant.json").read_text(encoding="utf-8"))
    addresses = [*acme("acme_staff_next.xlsx").workers["user_name"], *(user["email"] for user in tenant["users"])]
    assert all(address.endswith(".example") for address in addresses)


def test_the_pipeline_for_entras_sample_takes_its_path_from_the_environment(tmp_path: Path) -> None:
    loaded = load_pipeline(SAMPLES / "entra_inbound.yaml", {"ENTRA_CSV": str(tmp_path / "records.csv")})
    assert loaded.pipeline.sources[0].path == str(tmp_path / "records.csv")
