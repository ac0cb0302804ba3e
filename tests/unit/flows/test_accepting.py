"""Accepting a list that differs too much: for that very file, named, dated, once. And which file counts as the last."""

from datetime import UTC, datetime, timedelta

import openpyxl
import pytest

from tasks.model.wholes import Baseline, Comparison


def people(count: int) -> list[tuple[str, ...]]:
    given = ("Sales", "Support", "Legal", "Sales")
    return [(f"001{at:02d}", f"person.{at}", f"Person{at}", "Vale", given[at % 4], "Active") for at in range(count)]


@pytest.fixture
def refused(office, sync, tenant, declared, told):
    """Return the id of a run that refused a list cut in half, after the whole one was carried out."""
    tenant.reset({**declared, "licences": [{**licence, "seats": 100} for licence in declared["licences"]]})
    office.spec["limits"] = {name: {"share": "100%"} for name in ("suspend", "revoke", "remove_member")}
    office.staff(people(40))
    assert told(sync()).code == 0
    office.staff(people(20))
    ended = told(sync())
    assert ended.code == 6
    return ended.run_id


@pytest.fixture
def accept(rosterflow):
    def run(name, *options):
        return rosterflow("accept", name, "--by", "Ada Byron", "--reason", "Sold a branch", *options)

    return run


def test_the_first_list_is_held_against_nothing(office, sync, journal, told) -> None:
    assert told(sync()).code == 0
    baseline, profile = journal.accepted_file("acme", "hr")
    assert (baseline.rows, profile.valid, profile.columns["Department"]) == (6, 6, 6)


@pytest.mark.prove
def test_neither_a_check_nor_a_plan_nor_a_blocked_sync_accepts_a_file(office, sync, journal, told, rosterflow) -> None:
    office.spec["limits"] = {"create": {"count": "0"}}
    assert rosterflow("check", office.save()).code == 0
    assert rosterflow("plan", office.save()).code == 5
    assert told(sync()).code == 5
    assert journal.accepted_file("acme", "hr") is None


@pytest.mark.prove
def test_applying_a_plan_accepts_the_file_that_it_was_made_from(office, make_plan, apply, journal, told) -> None:
    made = make_plan()
    assert told(apply(made.run_id)).code == 0
    assert journal.accepted_file("acme", "hr")[0].rows == 6


@pytest.mark.prove
def test_a_file_is_accepted_once_its_plan_is_begun_so_that_a_run_cut_off_is_gone_on_with(
    office, cut_off, sync, journal, told
) -> None:
    cut_off()
    assert journal.accepted_file("acme", "hr")[0].rows == 6
    assert told(sync()).code == 0


def test_check_and_plan_refuse_too_and_say_by_how_much(refused, office, rosterflow) -> None:
    for command in ("check", "plan"):
        said = rosterflow(command, office.save())
        assert said.code == 6
        assert "20 rows, 40 before (50% fewer, limit 20%)" in said.talk
        assert "Nothing was sent." in said.talk
    told = rosterflow("report", "latest")
    assert "over the bound: 20 rows, 40 before" in told.text
    assert "Next: If the list is right as it is" in told.text


@pytest.mark.prove
def test_a_plan_shows_how_the_list_differs(refused, office, rosterflow) -> None:
    office.staff(people(38))
    said = rosterflow("plan", office.save())
    assert said.code == 3
    assert "38 rows, 40 before (5% fewer, limit 20%)" in said.text


REFUSED = (
    (("--until", "tomorrow"), "is not a day"),
    (("--until", "2020-01-01"), "from today on"),
    (("--until", "2999-01-01"), "at most 31 days"),
    (("--source", "telephony"), "refused no file of source telephony"),
    (("--reason", " "), "needs a name and a reason"),
)


@pytest.mark.prove
def test_what_cannot_be_accepted_is_said_and_what_can_is_recorded_with_name_reason_and_day(
    refused, accept, rosterflow, journal
) -> None:
    ended = [accept(refused, *options) for options, _ in REFUSED]
    assert [one.code for one in ended] == [2] * len(REFUSED)
    assert [said for one, (_, said) in zip(ended, REFUSED, strict=True) if said not in one.talk] == []
    assert journal.permits("acme") == []

    said = accept(refused)
    assert said.code == 0
    last = (datetime.now(UTC).date() + timedelta(days=7)).isoformat()
    assert f"The list of hr that run {refused} refused may pass, once, until {last} (decision 1)." in said.text
    [permit] = journal.permits("acme")
    assert (permit.by, permit.reason, permit.run_id, permit.spent_by) == ("Ada Byron", "Sold a branch", refused, None)
    assert "the list of hr was accepted by Ada Byron: Sold a branch (until" in rosterflow("runs").text
    assert "Since this run ended, the list of hr was accepted by Ada Byron" in rosterflow("report", refused).text
    assert "file permitted" in [entry["event"] for entry in journal.audit()]


@pytest.mark.prove
def test_plan_and_blocked_sync_leave_it_to_the_run_that_carries_the_file_out(
    refused, accept, office, sync, journal, told, rosterflow
) -> None:
    accept(refused)
    assert rosterflow("plan", office.save()).code == 3
    limits, office.spec["limits"] = office.spec["limits"], {"suspend": {"count": "1"}}
    assert told(sync()).code == 5
    office.spec["limits"] = limits
    ended = told(sync())
    assert ended.code == 0
    [permit] = journal.permits("acme")
    assert permit.spent_by == ended.run_id
    assert "(used by run" in rosterflow("runs").text


@pytest.mark.prove
def test_with_a_mended_workbook_it_is_another_list_than_was_accepted(
    office, sync, told, refused, accept, rosterflow
) -> None:
    office.staff([*people(20), ("00999", "no address", "Zoe", "Vale", "Sales", "Active")])
    plain = told(sync())
    assert accept(plain.run_id).code == 0
    book = openpyxl.load_workbook(office.run_folders()[-1] / "rejects.xlsx")
    for cell in book["Rejects"][2][:6]:
        cell.value = None
    book.save(office.folder / "back.xlsx")
    mended = ("--mended", office.folder / "back.xlsx")
    assert rosterflow("plan", office.save()).code == 3
    assert rosterflow("plan", office.save(), *mended).code == 6
    assert accept("latest").code == 0
    assert rosterflow("plan", office.save(), *mended).code == 3


def test_it_is_good_once(refused, accept, office, sync, told) -> None:
    accept(refused)
    assert told(sync()).code == 0
    office.staff(people(29))
    assert told(sync()).code == 0
    office.staff(people(40))
    assert told(sync()).code == 0
    office.staff(people(20))  # the very file that was accepted
    again = told(sync())
    assert again.code == 6
    assert "and run" in accept(refused).talk  # what that run refused was used
    assert accept(again.run_id).code == 0


@pytest.mark.prove
def test_it_lets_no_other_file_pass_and_is_void_once_another_was_carried_out(
    refused, accept, office, sync, told, rosterflow
) -> None:
    assert accept(refused).code == 0
    office.staff(people(19))
    assert rosterflow("plan", office.save()).code == 6
    office.staff(people(41))
    assert told(sync()).code == 0
    office.staff(people(20))
    assert told(sync()).code == 6


@pytest.mark.prove
def test_a_run_whose_baseline_is_another_now_has_nothing_to_accept(refused, accept, office, sync, told) -> None:
    office.staff(people(41))
    assert told(sync()).code == 0
    said = accept(refused)
    assert said.code == 2
    assert "another file of hr was accepted since" in said.talk


@pytest.mark.prove
def test_it_ends_on_its_day_and_is_given_no_second_time(refused, accept, sync, journal, told) -> None:
    today = datetime.now(UTC).date()
    assert accept(refused, "--until", today.isoformat()).code == 0
    [permit] = journal.permits("acme")
    assert permit.until == today.isoformat()
    baseline = Baseline("run", "2026-03-01T02:00:00+00:00", "staff.csv", permit.baseline, 40)
    this = Comparison("hr", "staff.csv", permit.sha256, 20, 20, 0, baseline)
    assert permit.lets_pass(this, today.isoformat())
    assert not permit.lets_pass(this, (today + timedelta(days=1)).isoformat())
    said = accept(refused)
    assert said.code == 2
    assert "decision 1 lets this file of hr pass, until" in said.talk


@pytest.mark.prove
def test_there_is_nothing_to_accept_in_a_run_that_refused_nothing(office, sync, accept, told) -> None:
    said = accept(told(sync()).run_id)
    assert said.code == 2
    assert "There is nothing to accept" in said.talk
