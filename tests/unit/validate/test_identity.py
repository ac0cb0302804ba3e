"""People are who they were: columns that are shifted against each other break the bound of the file as a whole."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tasks.model.bounds import DEFAULT_OF_DELTAS, DEFAULT_WHOLE, Whole
from tasks.model.rosters import Verdict
from tasks.model.tables import LINKS, WORKERS
from tasks.model.wholes import FileProfile
from tasks.validate.identity import LinkedPeople, compare_people, plain
from tasks.validate.wholes import profile_of

KEY = b"k" * 32
MAPPED = ("external_id", "user_name", "given_name", "family_name")
Row = dict[str, str | None]


def staff(count: int, first: int = 0) -> list[Row]:
    return [
        {"external_id": f"{n}", "user_name": f"p{n}@acme.example", "given_name": f"P{n}", "family_name": f"Vale{n}"}
        for n in range(first, first + count)
    ]


def shifted(rows: Sequence[Row], *columns: str, by: int = 1, first: int = 0) -> list[Row]:
    """Return *rows* with the cells of *columns* *by* rows further down, from row *first* on."""
    part = rows[first:]
    below = [{**row, **{name: part[at - by][name] for name in columns}} for at, row in enumerate(part)]
    return [*rows[:first], *below]


@pytest.fixture
def profile(make_roster: Any) -> Any:
    def make(rows: Sequence[Row], mapped: Sequence[str] = MAPPED) -> FileProfile:
        roster = make_roster(*rows, mapped=mapped)
        held = WORKERS.empty().assign(codes="", key_usable=True)
        return profile_of(roster, Verdict(roster.workers, held, roster.findings), KEY)

    return make


def linked(rows: Sequence[Row], source: str = "hr", **values: Any) -> LinkedPeople:
    links = [
        {"source": source, "account_key": f"7{n}", "state": "active", **row, **values} for n, row in enumerate(rows)
    ]
    return LinkedPeople.of(LINKS.frame(links), KEY)


NOBODY = LinkedPeople()


def found(
    before: FileProfile | None,
    now: FileProfile,
    links: LinkedPeople = NOBODY,
    bounds: Whole = DEFAULT_WHOLE,
    population: str = "hr",
) -> dict[str, tuple[float, float, bool]]:
    readings = compare_people(before, now, bounds, links, population)
    return {reading.subject: (reading.now, reading.before, reading.broken) for reading in readings}


@pytest.mark.parametrize("by", [1, 2, 7, 39])
def test_ids_against_addresses_and_names_are_seen_however_far_they_are_shifted(profile, by) -> None:
    now = profile(shifted(staff(40), "external_id", by=by))
    assert found(profile(staff(40)), now) == {"user_name": (40, 40, True), "name": (40, 40, True)}
    assert found(None, now, linked(staff(40))) == {"user_name": (40, 40, True), "name": (40, 40, True)}


def test_addresses_against_ids_and_names_are_seen(profile) -> None:
    now = profile(shifted(staff(40), "user_name"))
    assert found(profile(staff(40)), now) == {"user_name": (40, 40, True), "name": (0, 40, False)}


@pytest.mark.parametrize("columns", [("given_name", "family_name"), ("given_name",), ("family_name",)])
def test_names_against_ids_and_addresses_are_seen(profile, columns) -> None:
    now = profile(shifted(staff(40), *columns))
    assert found(profile(staff(40)), now) == {"user_name": (0, 40, False), "name": (40, 40, True)}


def test_without_ids_names_against_addresses_are_seen(profile) -> None:
    rows = [{**row, "external_id": None} for row in staff(40)]
    now = profile(shifted(rows, "given_name", "family_name"))
    assert found(profile(rows), now) == {"user_name": (0, 40, False), "name": (40, 40, True)}
    by_address = linked([{**row, "external_id": row["user_name"]} for row in rows])
    assert found(None, now, by_address)["name"] == (40, 40, True)


def test_columns_that_were_sorted_apart_are_seen(profile) -> None:
    rows = staff(40)
    ids = sorted((str(row["external_id"]) for row in rows), reverse=True)
    now = profile([{**row, "external_id": number} for row, number in zip(rows, ids, strict=True)])
    assert found(profile(rows), now)["user_name"] == (39, 40, True)  # one stays where it was


@pytest.mark.parametrize(("moved", "broken"), [(5, False), (6, True)])
def test_a_file_that_is_shifted_from_some_row_on_is_held_to_the_bound(profile, moved, broken) -> None:
    now = profile(shifted(staff(100), "external_id", first=100 - moved))
    assert found(profile(staff(100)), now)["user_name"] == (moved, 100, broken)


def test_two_people_who_were_mixed_up_stop_no_run_however_small_the_list(profile) -> None:
    before = profile(staff(4))
    assert found(before, profile(shifted(staff(4), "external_id", first=2)))["user_name"] == (2, 4, False)
    assert found(before, profile(shifted(staff(4), "external_id", first=1)))["user_name"] == (3, 4, True)


def test_ids_that_two_sources_have_exchanged_are_seen_by_the_links(profile) -> None:
    """Nobody of the file was in the source's last one: only the links know the ids."""
    links = linked(staff(40))
    hr, agency = staff(20), staff(20, first=20)
    exchanged = [{**row, "external_id": other["external_id"]} for row, other in zip(hr, agency, strict=True)]
    assert found(profile(hr), profile(exchanged), links)["user_name"] == (20, 20, True)


def test_files_that_two_populations_have_exchanged_are_seen_by_the_links(profile) -> None:
    others = profile(staff(20, first=20))
    assert found(profile(staff(20)), others, linked(staff(20, first=20), source="agency"))["user_name"][2]


def test_ids_that_were_numbered_anew_are_seen(profile) -> None:
    anew = profile([{**row, "external_id": f"N{row['external_id']}"} for row in staff(40)])
    assert found(profile(staff(40)), anew)["user_name"] == (40, 40, True)


def test_newcomers_with_addresses_of_their_own_are_nobody_else(profile) -> None:
    now = profile(staff(60))
    assert found(profile(staff(40)), now, linked(staff(40))) == {"user_name": (0, 40, False), "name": (0, 40, False)}


def test_new_addresses_that_nobody_had_before_are_no_contradiction(profile) -> None:
    """Addresses at another domain are limited as changes of addresses (``limits.rename``)."""
    moved = profile([{**row, "user_name": f"p{row['external_id']}@new.example"} for row in staff(40)])
    assert found(profile(staff(40)), moved, linked(staff(40)))["user_name"] == (0, 40, False)


def test_who_is_as_in_the_last_accepted_file_is_not_counted_again(profile) -> None:
    """What a person has accepted does not stop every night."""
    odd = profile(shifted(staff(40), "external_id"))
    assert found(odd, odd, linked(staff(40))) == {"user_name": (0, 40, False), "name": (0, 40, False)}


def test_a_repaired_file_passes_by_the_links_though_a_shifted_one_was_accepted(profile) -> None:
    was = profile(shifted(staff(40), "external_id"))
    assert found(was, profile(staff(40)), linked(staff(40)))["user_name"] == (0, 40, False)


@pytest.mark.parametrize("columns", [("given_name", "family_name"), ("given_name",), ("external_id",)])
def test_a_repaired_file_passes_by_the_links_though_other_names_were_accepted(profile, columns) -> None:
    was = profile(shifted(staff(40), *columns))
    expected = {"user_name": (0, 40, False), "name": (0, 40, False)}
    assert found(was, profile(staff(40)), linked(staff(40))) == expected


def test_case_order_and_missing_names_make_no_difference(profile) -> None:
    shouted = [{name: str(value).upper() for name, value in row.items()} for row in reversed(staff(40))]
    nameless = [{**row, "given_name": None} for row in staff(40)]
    for now in (shouted, nameless):
        assert found(profile(staff(40)), profile(now)) == {"user_name": (0, 40, False), "name": (0, 40, False)}


def test_one_other_name_than_the_link_has_is_no_other_person(profile) -> None:
    """An account that was taken over can be called Bob where the list says Robert."""
    links = linked([{**row, "given_name": "Bob"} for row in staff(40)])
    assert found(None, profile(staff(40)), links)["name"] == (0, 40, False)


def test_a_profile_of_an_earlier_version_knows_nobody_and_the_links_do(profile) -> None:
    before = profile(staff(40))
    earlier = FileProfile.from_json({k: v for k, v in replace(before, marks=before.places).to_json().items()
                                     if k != "identified"})  # fmt: skip
    now = profile(shifted(staff(40), "external_id"))
    assert found(earlier, now) == {}
    assert found(earlier, now, linked(staff(40)))["user_name"] == (40, 40, True)


def test_nobody_is_known_by_a_link_whose_account_is_deleted(profile) -> None:
    assert found(None, profile(staff(40)), linked(staff(40), state="deleted")) == {}


def test_a_bound_can_be_wider_and_a_delta_has_it_too(profile) -> None:
    before, now = profile(staff(40)), profile(shifted(staff(40), "external_id", first=32))
    assert found(before, now, bounds=Whole(identity=0.2))["user_name"] == (8, 40, False)
    assert found(before, now, bounds=DEFAULT_OF_DELTAS)["user_name"] == (8, 40, True)


def test_the_readings_say_how_many_people(profile) -> None:
    now = profile(shifted(staff(40), "external_id"))
    address, name = compare_people(profile(staff(40)), now, DEFAULT_WHOLE, NOBODY, "hr")
    assert str(address) == "40 of 40 people with the address of somebody else (100%, limit 5%)"
    assert str(name) == "40 of 40 people with another name (100%, limit 5%)"


@pytest.mark.parametrize(
    "written", ["Jose\u0301 Mu\u0308ller", "JOSE MULLER", "Jos\u00e9  M\u00fcller", "Jose\u00a0Muller"]
)
def test_a_name_that_is_written_otherwise_is_the_same_name(written: str) -> None:
    assert plain(written) == plain("José Müller")


def test_another_name_is_another() -> None:
    assert plain("José Müller") != plain("José Miller")
