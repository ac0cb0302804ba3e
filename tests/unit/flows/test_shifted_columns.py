"""Lists whose columns are shifted against each other, or say nothing of anybody: refused, and never the baseline."""

from collections.abc import Sequence

import pytest

from tests.support.effort import sampled

ID, ADDRESS, FIRST, LAST, DEPARTMENT, STATE = range(6)
TEAMS = ("Sales", "Support", "Legal")


def people(count: int = 40) -> list[tuple[str, ...]]:
    return [
        (f"001{at:02d}", f"person.{at}", f"Person{at}", f"Vale{at}", TEAMS[at * 7 // count % 3], "Active")
        for at in range(count)
    ]


def shifted(rows: Sequence[tuple[str, ...]], *columns: int, first: int = 0) -> list[tuple[str, ...]]:
    part = rows[first:]
    below = [
        tuple(part[at - 1][place] if place in columns else cell for place, cell in enumerate(row))
        for at, row in enumerate(part)
    ]
    return [*rows[:first], *below]


@pytest.fixture
def synced(office, sync, tenant, declared, told):
    """Return what was sent for a list that was carried out once."""
    tenant.reset({**declared, "licences": [{**licence, "seats": 100} for licence in declared["licences"]]})
    office.spec["limits"] = {name: {"share": "100%"} for name in ("suspend", "revoke", "remove_member", "rename")}
    office.staff(people())
    assert told(sync()).code == 0
    return tenant.writes()


@pytest.fixture
def refused(sync, tenant, synced, journal, told):
    """Sync, see that the list is refused and changes nothing, and return the message."""

    def run(*, baseline: str | None = "hr") -> str:
        before = baseline and journal.accepted_file("acme", baseline)
        ended = told(sync())
        assert ended.code == 6, ended
        assert tenant.writes() == synced
        assert (baseline and journal.accepted_file("acme", baseline)) == before
        return ended.message

    return run


def headline(journal, ended) -> str:
    return str(journal.run(ended.run_id).summary["headline"])


SHIFTED = [
    pytest.param(
        (ID, DEPARTMENT),
        "40 of 40 people with the address of somebody else (100%, limit 5%); 40 of 40",
        id="ids and departments",
    ),
    pytest.param((ID,), "40 of 40 people with the address of somebody else", id="ids"),
    pytest.param((ADDRESS,), "40 of 40 people with the address of somebody else", id="addresses"),
    pytest.param((FIRST, LAST), "40 of 40 people with another name (100%, limit 5%)", id="names"),
    pytest.param((LAST,), "40 of 40 people with another name (100%, limit 5%)", id="surnames"),
]


@pytest.mark.parametrize(
    ("columns", "said"),
    sampled(SHIFTED, {"ids and departments"}),
)
def test_shifted_columns_are_refused_and_are_no_baseline(office, refused, columns, said) -> None:
    office.staff(shifted(people(), *columns))
    message = refused()
    assert said in message
    assert "columns of the list are shifted" in message
    assert not [word for word in ("Person1", "person.1", "Vale1", "00101") if word in message]


@pytest.mark.prove
def test_without_ids_shifted_names_are_refused(office, sync, tenant, declared, told) -> None:
    tenant.reset({**declared, "licences": [{**licence, "seats": 100} for licence in declared["licences"]]})
    del office.spec["sources"][0]["columns"]["external_id"]
    office.staff(people())
    assert told(sync()).code == 0
    sent = tenant.writes()
    office.staff(shifted(people(), FIRST, LAST))
    assert told(sync()).code == 6
    assert tenant.writes() == sent


@pytest.mark.prove
def test_a_first_list_of_a_source_is_held_against_the_links(office, refused, sync, told, rosterflow, journal) -> None:
    """A source that takes the place of another in its namespace has no list before it, and people who are linked."""
    office.spec["sources"][0] |= {"name": "payroll", "namespace": "hr"}
    office.staff(shifted(people(), ID, DEPARTMENT))
    assert "is not like the people who are linked: 40 of 40 people with the address" in refused(baseline=None)
    told_again = rosterflow("report", "latest")
    assert "payroll against the linked accounts" in told_again.text
    assert "over the bound: 40 of 40 people with the address of somebody else" in told_again.text
    run_id = office.run_folders()[-1].name
    assert rosterflow("accept", run_id, "--by", "Ada Byron", "--reason", "It is right").code == 0
    assert "let this file" in rosterflow("accept", run_id, "--by", "A", "--reason", "b").talk.replace("lets", "let")
    ended = told(sync())
    assert ended.code == 0
    assert journal.permits("acme")[0].spent_by == ended.run_id


@pytest.mark.prove
def test_two_people_who_were_mixed_up_lose_nothing_and_are_counted_in_the_sentence(
    office, sync, synced, tenant, journal, told, rosterflow
) -> None:
    office.staff(shifted(people(), ID, first=38))
    ended = told(sync())
    assert ended.code == 0
    assert tenant.writes() == synced
    assert headline(journal, ended).startswith(
        "Nothing was changed, and nothing was sent. Something is withheld from 2 people: "
        "the id, account or address is somebody else's."
    )
    assert rosterflow("plan", office.save()).code == 0
    assert rosterflow("plan", "--strict", office.save()).code == 4


@pytest.mark.prove
def test_a_list_of_which_a_fifth_more_is_held_is_refused(office, refused) -> None:
    rows = people()
    office.staff([*rows[:31], *((*row[:STATE], "on the moon") for row in rows[31:])])
    assert "22.5% of the rows held, 0% before (22.5 points, limit 20)" in refused()


@pytest.mark.prove
def test_a_list_of_which_every_row_is_held_is_never_the_baseline(office, sync, tenant, journal, told) -> None:
    office.staff([(*row[:STATE], "on the moon") for row in people(6)])
    ended = told(sync())
    assert ended.code == 0
    assert headline(journal, ended) == "Nothing was changed, and nothing was sent. 6 rows are held."
    assert journal.accepted_file("acme", "hr") is None
