"""Transforms in a column: their order, their failures as findings, several headings, days of a column's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest.transforms import tried
from tasks.ingest.yes_and_no import NO, YES
from tasks.model.rosters import Roster
from tests.support.rosters import codes, values

Write = Callable[..., Path]
Read = Callable[..., Roster]
MapCells = Callable[..., Roster]


@pytest.fixture
def map_cells(write_text: Write, read: Read) -> MapCells:
    """Read a roster of one attribute that is taken from the columns X and Y, beside the address."""

    def map_cells(attribute: str, column: Any, *rows: str, **fields: Any) -> Roster:
        write_text("Account;X;Y\n" + "".join(f"user{at};{row}\n" for at, row in enumerate(rows)))
        return read("staff.csv", delimiter=";", columns={"user_name": "Account", attribute: column}, **fields)

    return map_cells


def test_transforms_are_done_in_the_order_of_the_list(map_cells: MapCells) -> None:
    column = {"from": "X", "do": [{"split": {"by": ",", "take": "last"}}, {"case": "title"}]}
    assert values(map_cells("given_name", column, "LOVELACE, ADA;", "Ode,ben;"), "given_name") == ["Ada", "Ben"]
    upper_first = {"from": "X", "do": [{"case": "upper"}, {"replace": {"text": "A", "by": "b"}}]}
    assert values(map_cells("given_name", upper_first, "ada;"), "given_name") == ["bDb"]


def test_a_failure_is_one_critical_finding_and_later_transforms_do_not_hide_it(map_cells: MapCells) -> None:
    column = {"from": "X", "do": [{"split": {"by": ",", "take": "last"}}, {"default": "Nobody"}, "digits"]}
    roster = map_cells("given_name", column, "Hopper;", ";", "x, 7;")
    assert [row[:5] for row in codes(roster)] == [
        [2, "X", "given_name", "no_such_part", "critical"],
        [3, "X", "given_name", "no_digits", "critical"],
    ]
    assert values(roster, "given_name") == [None, None, "7"]
    assert "Hopper" not in roster.findings.at[0, "message"] + roster.findings.at[0, "remedy"]


def test_cells_of_several_headings_are_joined_and_blank_ones_left_out(map_cells: MapCells) -> None:
    rows = ("Ada;Lovelace", ";Hopper", "Cher;", ";")
    roster = map_cells("display_name", {"from": ["X", "Y"]}, *rows)
    assert values(roster, "display_name") == ["Ada Lovelace", "Hopper", "Cher", None]
    assert values(map_cells("display_name", {"from": ["Y", "X"], "join": ", "}, *rows), "display_name")[:2] == [
        "Lovelace, Ada",
        "Hopper",
    ]


def test_a_template_takes_other_cells_of_the_row(map_cells: MapCells) -> None:
    made = {"from": ["X", "Y"], "do": [{"template": "{X}.{Y}@acme.example"}, "transliterate", {"case": "lower"}]}
    roster = map_cells("mail", made, "Jürgen;Groß", "Ada;", ";")
    assert values(roster, "mail") == ["jurgen.gross@acme.example", None, None]
    assert roster.findings.empty


def test_an_error_cell_in_any_heading_is_named_where_it_stands(map_cells: MapCells) -> None:
    roster = map_cells("display_name", {"from": ["X", "Y"]}, "Ada;#REF!", "#N/A;#REF!")
    assert values(roster, "display_name") == [None, None]
    assert [row[:2] + row[3:4] for row in codes(roster)] == [[2, "Y", "cell_error"], [3, "X", "cell_error"]]


def test_a_column_has_days_of_its_own(map_cells: MapCells) -> None:
    column = {"from": "X", "dates": "%d.%m.%Y"}
    roster = map_cells("start_date", column, "31.03.2026;", "2026-03-31;", dates="%Y-%m-%d")
    assert values(roster, "start_date") == ["2026-03-31", None]
    assert [row[3] for row in codes(roster)] == ["bad_date"]
    own = map_cells("probation_until", column, "31.03.2026;", "soon;")
    assert values(own, "probation_until") == ["2026-03-31", None]


@pytest.mark.parametrize(
    ("entry", "cell", "code"),
    [
        ({"map": {"a": "b"}}, "x", "value_not_mapped"),
        ({"lookup": {"table": {"a": "b"}}}, "x", "value_not_in_table"),
        ({"split": {"by": "/", "take": 3}}, "a/b", "no_such_part"),
        ({"boolean": "active"}, "x", "not_yes_or_no"),
        ({"address": "acme.example"}, "@x.example", "no_local_part"),
        ({"phone": "FR"}, "reception", "bad_phone"),
        ("digits", "x", "no_digits"),
    ],
)
def test_every_failure_has_its_code_and_a_message_without_the_value(
    map_cells: MapCells, entry: Any, cell: str, code: str
) -> None:
    roster = map_cells("crew", {"from": "X", "do": [entry]}, f"{cell};", ";")
    (finding,) = roster.findings.to_dict("records")
    assert (finding["row"], finding["column"], finding["code"], finding["severity"]) == (2, "X", code, "critical")
    assert finding["message"]
    assert finding["remedy"]
    assert values(roster, "crew") == [None, None]


def test_each_group_of_a_cell_is_transformed_by_itself(map_cells: MapCells) -> None:
    column = {"from": "X", "split": "|", "do": [{"split": {"by": "=", "take": "last"}}, {"case": "title"}]}
    roster = map_cells("directory_groups", column, "CN=hosts|CN=SALES;", "hosts;", ";")
    assert values(roster, "directory_groups") == ["Hosts\nSales", None, None]
    assert [row[0:4] for row in codes(roster)] == [[3, "X", "directory_groups", "no_such_part"]]


def test_a_status_may_come_from_words_for_yes_and_no(map_cells: MapCells) -> None:
    gone = {"from": "X", "do": [{"boolean": "inactive"}]}
    roster = map_cells("status", gone, "Yes;", "no;", "Nein;", "☑;", "maybe;", ";")
    assert values(roster, "status") == ["inactive", "active", "active", "inactive", None, None]
    assert [row[3] for row in codes(roster)] == ["not_yes_or_no"]


def test_no_word_is_both_yes_and_no() -> None:
    assert set() == YES & NO
    for yes, no in (("yes", "no"), ("oui", "non"), ("ja", "nein"), ("Sí", "No"), ("sì", "no"), ("SIM", "não")):
        assert tried({"boolean": {"yes": "+", "no": "-"}}, yes, no) == ["+", "-"]
    for yes, no in (("ja", "nee"), ("はい", "いいえ"), ("ＴＲＵＥ", "０")):
        assert tried({"boolean": {"yes": "+", "no": "-"}}, yes, no) == ["+", "-"]


def test_a_lookup_may_leave_or_blank_what_it_does_not_know() -> None:
    table = {"NO_MANAGER": "", "1": "one"}
    assert tried({"lookup": {"table": table, "otherwise": "keep"}}, "no_manager", "1", "2") == [None, "one", "2"]
    assert tried({"lookup": {"table": table, "otherwise": "blank"}}, "1", "2") == ["one", None]
