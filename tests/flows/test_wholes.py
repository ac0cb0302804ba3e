"""A list that is broken as a whole is refused by sync: exit code 6, nothing sent, and it says by how much."""

import pytest

COUNT = 40


def people(count: int = COUNT, department: str | None = None) -> list[tuple[str, ...]]:
    given = ("Sales", "Support", "Legal", "Sales")
    return [
        (
            f"001{at:02d}",
            f"person.{at}",
            f"Person{at}",
            "Vale",
            given[at % 4] if department is None else department,
            "Active",
        )
        for at in range(count)
    ]


@pytest.fixture
def synced(office, sync, tenant, declared):
    """A company whose list was carried out once; return what was sent for it."""
    tenant.reset({**declared, "licences": [{**licence, "seats": 100} for licence in declared["licences"]]})
    office.spec["limits"] = {name: {"share": "100%"} for name in ("suspend", "revoke", "remove_member")}
    office.staff(people())
    assert sync(office).code == 0
    return tenant.writes()


def refused(ended, *parts: str) -> None:
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Source refused", 6)
    assert "Nothing was sent." in ended.message
    for part in parts:
        assert part in ended.message, ended.message
    assert not [word for word in ("Person1", "person.1", "Vale", "00101") if word in ended.message]


def test_a_file_cut_in_half_is_refused(office, sync, tenant, synced) -> None:
    office.staff(people(COUNT // 2))
    ended = sync(office)
    refused(ended, "20 rows, 40 before (50% fewer, limit 20%)", "rosterflow accept")
    assert tenant.writes() == synced
    [whole] = ended.summary["whole"]
    assert (whole["rows"], whole["baseline"]["rows"], whole["broken"], whole["permit"]) == (20, 40, 1, None)
    assert "20 rows, 40 before" in (ended.folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.prove
def test_a_blanked_column_is_refused(office, sync, tenant, synced) -> None:
    half = [(*row[:4], row[4] if at % 2 else "", row[5]) for at, row in enumerate(people())]
    office.staff(half)
    refused(sync(office), "'Department' filled to 50%, 100% before (50 points, limit 20)", "20 of 40 people in another")
    office.staff(people(department=""))
    refused(sync(office), "Column Department is blank")
    assert tenant.writes() == synced


@pytest.mark.prove
def test_an_empty_file_is_refused(office, sync, tenant, synced) -> None:
    (office.folder / "staff.csv").write_bytes(b"")
    refused(sync(office), "no bytes at all")
    office.staff([])
    refused(sync(office), "nobody below them")
    assert tenant.writes() == synced


@pytest.mark.prove
def test_every_broken_bound_is_named_in_one_pass(office, sync, tenant, synced) -> None:
    headings = ("Employee No", "Account", "First name", "Surname", "Department", "State", "Badge")
    office.staff([(*row[:4], "Ops", "Active", "red") for row in people(30)], headings)
    refused(sync(office), "30 rows", "30 of 30 people in another department", "a new column 'Badge'")
    assert tenant.writes() == synced


@pytest.mark.prove
def test_an_accepted_file_is_carried_out_once_and_is_what_the_next_is_held_against(
    office, sync, tenant, synced, rosterflow
) -> None:
    office.staff(people(COUNT // 2))
    stopped = sync(office)
    said = rosterflow("accept", stopped.folder.name, "--by", "Ada Byron", "--reason", "Sold a branch")
    assert said.code == 0, said.err
    done = sync(office)
    assert done.code == 0
    assert done.actions["suspend"] == COUNT // 2
    [whole] = done.summary["whole"]
    assert whole["permit"]["permit_id"] == 1
    assert "Ada Byron" not in (done.folder / "summary.json").read_text(encoding="utf-8")
    assert "Ada Byron" in (done.folder / "report.html").read_text(encoding="utf-8")
    assert "Ada Byron" not in (done.folder / "report-redacted.html").read_text(encoding="utf-8")
    assert sync(office).summary["whole"][0]["baseline"]["rows"] == COUNT // 2


def shifted(columns: tuple[int, ...], by: int = 1, first: int = 0) -> list[tuple[str, ...]]:
    """Return the list with the cells of some columns *by* rows further down, from row *first* on."""
    rows = people()
    part = rows[first:]
    below = [
        tuple(part[at - by][place] if place in columns else cell for place, cell in enumerate(row))
        for at, row in enumerate(part)
    ]
    return [*rows[:first], *below]


ID, ADDRESS, FIRST, DEPARTMENT = 0, 1, 2, 4


@pytest.mark.prove
def test_ids_that_stand_beside_other_peoples_addresses_are_refused_and_are_no_baseline(
    office, sync, tenant, synced
) -> None:
    office.staff(shifted((ID, DEPARTMENT)))
    ended = sync(office)
    refused(ended, "40 of 40 people with the address of somebody else (100%, limit 5%)")
    assert tenant.writes() == synced
    office.staff(people())
    again = sync(office)
    assert again.code == 0
    assert again.summary["whole"][0]["baseline"]["run_id"] != ended.folder.name
    assert again.summary["withheld"]["total"] == 0
