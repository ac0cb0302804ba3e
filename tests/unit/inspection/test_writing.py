"""The pipeline file that is proposed: it can be read, says why, and marks what nobody could know."""

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl.utils.datetime import MAC_EPOCH
from typer.testing import CliRunner

from flows.cli.main import app
from tasks.ingest import read_roster
from tasks.ingest.inspection import draft_pipeline, inspect_file
from tasks.model.errors import BadUsage, RejectedSource
from tasks.pipeline_file import load_pipeline


@pytest.fixture
def written(tmp_path):
    """Write the pipeline file for a list and read it back."""

    def write(path: Path, domain: str | None = None):
        target = tmp_path / "made.yaml"
        target.write_text(draft_pipeline(inspect_file(path), target, domain).text, encoding="utf-8")
        return load_pipeline(target, {})

    return write


def places(loaded):
    return [place.key for place in loaded.unconfirmed]


def test_a_clear_list_needs_no_confirmation(text_file, written, staff):
    loaded = written(text_file(staff.table))
    [source] = loaded.pipeline.sources
    assert loaded.unconfirmed == ()
    assert {name: column.heading for name, column in source.columns.items()} == {
        "external_id": "Employee No", "user_name": "E-mail", "given_name": "First name", "family_name": "Surname",
        "status": "Status", "start_date": "Start date", "department": "Department",
    }  # fmt: skip
    assert source.columns["status"].map == {"Active": "active", "Inactive": "inactive"}
    assert (source.path, source.dates, source.snapshot) == ("staff.csv", "%Y-%m-%d", "delta")


def test_what_is_written_is_read(text_file, written, staff, tmp_path):
    text_file([("Acme",), *staff.table], encoding="utf-16", by=";")
    [source] = written(tmp_path / "staff.csv").pipeline.sources
    assert (source.header_row, source.encoding, source.delimiter) == (2, "utf-16", ";")
    assert read_roster(source, tmp_path).rows == 4


def test_without_addresses_the_template_is_to_be_confirmed(text_file, written):
    loaded = written(text_file([("Employee No", "UserID", "First name"), ("1", "ada", "Ada"), ("2", "bo", "Bo")]))
    column = loaded.pipeline.sources[0].columns["user_name"]
    assert (column.heading, column.template) == ("UserID", "{value}@example.invalid")
    assert places(loaded) == ["sources[0].columns.user_name"]
    assert (
        loaded.path.read_text(encoding="utf-8").count(
            'user_name: {from: UserID, template: "{value}@example.invalid"}  # please confirm'
        )
        == 1
    )


def test_a_domain_fills_the_template(text_file, written):
    rows = [("Employee No", "UserID", "First name"), ("1", "ada", "Ada"), ("2", "bo", "Bo")]
    loaded = written(text_file(rows), domain="acme.example")
    assert loaded.pipeline.sources[0].columns["user_name"].template == "{value}@acme.example"
    assert loaded.unconfirmed == ()


def test_a_domain_that_is_none_is_refused(text_file, staff, tmp_path):
    with pytest.raises(BadUsage, match="is no domain"):
        draft_pipeline(inspect_file(text_file(staff.table)), tmp_path / "made.yaml", "@acme")


def test_ids_alone_make_addresses_that_are_to_be_confirmed_whatever_the_domain(text_file, written):
    rows = [("Employee No", "First name"), ("1", "Ada"), ("2", "Bo")]
    assert places(written(text_file(rows), domain="acme.example")) == ["sources[0].columns.user_name"]


def test_a_list_without_ids_and_addresses_says_so(text_file, written, tmp_path):
    loaded = written(text_file([("First name", "Surname"), ("Ada", "Byrne"), ("Bo", "Lind")]))
    [source] = loaded.pipeline.sources
    assert source.lacks == ("external_id", "user_name")
    assert places(loaded) == ["sources[0].lacks"]
    found = read_roster(source, tmp_path).findings
    assert found.groupby("row")["code"].agg(sorted).tolist() == [["id_missing", "user_name_missing"]] * 2


def test_ambiguous_dates_are_not_guessed(text_file, written, tmp_path):
    rows = [("Employee No", "E-mail", "Start date"), ("1", "ada@acme.example", "02/01/2024"),
            ("2", "bo@acme.example", "03/04/2024")]  # fmt: skip
    loaded = written(text_file(rows))
    [source] = loaded.pipeline.sources
    assert source.dates == "ambiguous"
    assert places(loaded) == ["sources[0].dates"]
    with pytest.raises(RejectedSource, match="nobody knows whether day, month or year comes first") as refused:
        read_roster(source, tmp_path)
    assert refused.value.exit_code == 6
    assert refused.value.facts["rows"] == [2, 3]


def test_a_year_of_two_digits_that_may_stand_first_is_not_guessed(text_file, written, tmp_path):
    rows = [("Staff ID", "Email", "First name", "Last name", "End date"),
            ("A1001", "p1@acme.example", "Ann", "Bee", "27/01/15"),
            ("A1002", "p2@acme.example", "Bob", "Cee", "29/12/31")]  # fmt: skip
    loaded = written(text_file(rows))
    assert (loaded.pipeline.sources[0].dates, places(loaded)) == ("ambiguous", ["sources[0].dates"])
    text = loaded.path.read_text(encoding="utf-8")
    assert 'column End date: "%d/%m/%y" or "%y/%m/%d"?' in text
    with pytest.raises(RejectedSource) as refused:
        read_roster(loaded.pipeline.sources[0], tmp_path)
    assert refused.value.facts["rows"] == [2, 3]


def test_dates_that_contradict_each_other_say_which_rows_each_format_reads(text_file, written):
    rows = [("Employee No", "E-mail", "Start date"), ("1", "ada@acme.example", "13/02/24"),
            ("2", "bo@acme.example", "02/13/24")]  # fmt: skip
    loaded = written(text_file(rows))
    assert places(loaded) == ["sources[0].dates"]
    text = loaded.path.read_text(encoding="utf-8")
    for form, row in (("%d/%m/%y", 2), ("%m/%d/%y", 3), ("%y/%m/%d", 2)):
        assert f'#   "{form}" reads row {row}\n' in text


@pytest.mark.parametrize("change", [None, lambda book: setattr(book, "epoch", MAC_EPOCH)], ids=["1900", "1904"])
def test_date_cells_with_a_time_of_day_are_proposed_and_read_as_their_days(workbook, written, tmp_path, change):
    rows = [("Employee No", "E-mail", "Start date", "End date"),
            ("1", "ada@acme.example", date(2023, 5, 6), datetime(2024, 1, 2, 23, 59, 59)),  # noqa: DTZ001
            ("2", "bo@acme.example", "13/05/2023", datetime(2024, 2, 3, 12, 0))]  # noqa: DTZ001  # fmt: skip
    loaded = written(workbook(rows, change=change))
    assert loaded.unconfirmed == ()
    [source] = loaded.pipeline.sources
    assert (source.dates, source.columns["end_date"].dates) == ("%d/%m/%Y", None)
    roster = read_roster(source, tmp_path)
    assert roster.findings.empty
    assert roster.workers["end_date"].tolist() == ["2024-01-02", "2024-02-03"]
    assert roster.workers["start_date"].tolist() == ["2023-05-06", "2023-05-13"]


def test_a_proven_column_beside_an_ambiguous_one_keeps_its_format(text_file, written):
    rows = [("Employee No", "E-mail", "Start date", "End date"),
            ("1", "ada@acme.example", "02/01/2024", "2030-12-31")]  # fmt: skip
    [source] = written(text_file(rows)).pipeline.sources
    assert (source.dates, source.columns["end_date"].dates) == ("ambiguous", "%Y-%m-%d")


def test_columns_with_numbers_of_days_are_left_out(workbook, written):
    rows = [("Employee No", "E-mail", "Start date"), ("1", "ada@acme.example", 45292),
            ("2", "bo@acme.example", date(2024, 1, 2))]  # fmt: skip
    [source] = written(workbook(rows)).pipeline.sources
    assert "start_date" not in source.columns


def test_words_of_a_status_that_are_not_known_are_not_mapped(text_file, written, staff):
    loaded = written(text_file(staff.but(3, Status="Karenz?")))
    assert loaded.pipeline.sources[0].columns["status"].map == {"Active": "active", "Inactive": "inactive"}
    [place] = loaded.unconfirmed
    assert place.key.startswith("sources[0].columns.status.map")


def test_employed_and_not_at_work_is_to_be_confirmed(text_file, written, staff):
    loaded = written(text_file(staff.but(3, Status="Parental leave")))
    assert loaded.pipeline.sources[0].columns["status"].map["Parental leave"] == "active"
    assert places(loaded) == ["sources[0].columns.status.map.Parental leave"]


def test_a_column_that_asks_who_has_left_is_turned_round(text_file, written):
    rows = [("Employee No", "E-mail", "Terminated?"), *((str(n), f"p{n}@acme.example", "No") for n in range(9)),
            ("9", "p9@acme.example", "Yes")]  # fmt: skip
    column = written(text_file(rows)).pipeline.sources[0].columns["status"]
    assert column.map == {"No": "active", "Yes": "inactive"}


def test_several_sheets_of_people_are_to_be_confirmed(workbook, written, staff):
    loaded = written(workbook(staff.table[:3], staff.table))
    assert loaded.pipeline.sources[0].sheet == "More"
    assert places(loaded) == ["sources[0].sheet"]


def test_headings_that_nobody_knows_are_to_be_confirmed(text_file, written):
    loaded = written(text_file([("Imię", "Poczta"), ("Ada", "ada@acme.example"), ("Bo", "bo@acme.example")]))
    assert "sources[0].header_row" in places(loaded)


def test_secrets_and_repeated_headings_are_never_mapped(text_file, written, staff):
    rows = [[*staff.headings, "Password", "Department"], *([*row, "geheim", "x"] for row in staff.rows)]
    [source] = written(text_file(rows)).pipeline.sources
    assert "department" not in source.columns
    assert "Password" not in [column.heading for column in source.columns.values()]


def test_whole_names_are_parted_if_somebody_confirms(text_file, written, tmp_path):
    rows = [("Employee No", "E-mail", "Name"), ("1", "ada@acme.example", "Byrne, Ada"),
            ("2", "bo@acme.example", "Lind, Bo")]  # fmt: skip
    loaded = written(text_file(rows, by=";"))
    workers = read_roster(loaded.pipeline.sources[0], tmp_path).workers
    assert workers[["given_name", "family_name"]].values.tolist() == [["Ada", "Byrne"], ["Bo", "Lind"]]
    assert places(loaded) == ["sources[0].columns.given_name", "sources[0].columns.family_name"]


@pytest.mark.parametrize("heading", ["E-mail: work", "#1 E-mail", "E-mail {x}", "'E-mail'", 'E "mail"', "E-mail, work"])
def test_headings_with_signs_of_yaml_are_read_back(heading, text_file, written):
    import csv
    import io

    text = io.StringIO()
    csv.writer(text).writerows([["Employee No", heading], ["1", "ada@acme.example"], ["2", "bo@acme.example"]])
    assert written(text_file(text.getvalue())).pipeline.sources[0].columns["user_name"].heading == heading


def test_a_file_without_people_is_refused(text_file, tmp_path):
    with pytest.raises(RejectedSource, match="looks like a list of people"):
        draft_pipeline(inspect_file(text_file([("Colour", "Size"), ("red", "5")])), tmp_path / "made.yaml")


def test_a_file_that_is_there_is_written_over_by_force_alone(text_file, staff, tmp_path):
    path, target = text_file(staff.table), tmp_path / "made.yaml"
    target.write_text("mine", encoding="utf-8")
    call = ["inspect", str(path), "--write", str(target)]
    refused = CliRunner().invoke(app, call)
    assert (refused.exit_code, target.read_text(encoding="utf-8")) == (2, "mine")
    assert "add --force" in refused.stderr
    assert CliRunner().invoke(app, [*call, "--force"]).exit_code == 0
    assert load_pipeline(target, {}).pipeline.name == "staff"


def test_the_command_says_how_many_places_wait(text_file, tmp_path):
    path = text_file([("First name", "Surname"), ("Ada", "Byrne")])
    said = CliRunner().invoke(app, ["inspect", str(path), "--write", str(tmp_path / "made.yaml")])
    assert "1 lines in it are marked" not in said.stderr
    assert "1 line in it is marked '# please confirm'" in said.stderr


def with_column(heading, *values):
    """Return a list of nine people with one more column, whose first value seven of them have."""
    rows = [("Staff ID", "Email", "First name", "Last name", heading)]
    for number, letter in enumerate("abcdefghi"):
        value = values[max(0, number - 9 + len(values))]
        rows.append((f"A{number}k", f"{letter}@acme.example", f"Ada{letter}", f"Byrne{letter}", value))
    return rows


@pytest.mark.parametrize(
    ("heading", "active", "inactive"),
    [
        ("Deactivated", "no", "yes"), ("Archived", "FALSE", "TRUE"), ("nsAccountLock", "false", "true"),
        ("Is archived", "no", "yes"), ("Account deactivated", "no", "yes"),
        ("Not active", "no", "yes"), ("Non-active", "no", "yes"), ("Nonactive", "no", "yes"),
        ("No longer active", "no", "yes"), ("Is not enabled", "no", "yes"), ("nicht aktiv", "nein", "ja"),
        ("Non actif", "non", "oui"), ("Plus en activité", "non", "oui"), ("No activo", "no", "si"),
        ("Nicht mehr beschäftigt", "nein", "ja"), ("非アクティブ", "いいえ", "はい"),
        ("Not terminated", "yes", "no"), ("Not disabled", "yes", "no"), ("Activated", "yes", "no"),
        ("Account activated", "yes", "no"), ("accountEnabled", "true", "false"),
        ("Is active (not tested)", "yes", "no"),
    ],
)  # fmt: skip
def test_a_flag_says_who_is_disabled(heading, active, inactive, text_file, written):
    loaded = written(text_file(with_column(heading, active, inactive)))
    column = loaded.pipeline.sources[0].columns["status"]
    assert (column.heading, column.map) == (heading, {active: "active", inactive: "inactive"})


def test_a_date_of_being_archived_is_no_flag(text_file, written):
    loaded = written(text_file(with_column("Archived at", "", "2026-01-31")))
    assert "status" not in loaded.pipeline.sources[0].columns


def test_the_second_bit_of_account_control_says_who_is_disabled(text_file, written):
    loaded = written(text_file(with_column("userAccountControl", "512", "514", "66048")))
    column = loaded.pipeline.sources[0].columns["status"]
    assert column.map == {"512": "active", "514": "inactive", "66048": "active", "66050": "inactive"}
    assert places(loaded) == ["sources[0].columns.status"]


def test_a_status_in_words_comes_before_account_control(text_file, proposals):
    rows = with_column("userAccountControl", "512", "514")
    rows = [(*row, status) for row, status in zip(rows, ["Status", *["Active"] * 7, "Left", "Left"], strict=True)]
    assert (proposals(text_file(rows))["Status"], proposals(text_file(rows))["userAccountControl"]) == ("status", None)


def test_account_control_that_holds_no_numbers_is_not_believed(text_file, proposals):
    rows = with_column("userAccountControl", "NORMAL_ACCOUNT", "ACCOUNTDISABLE")
    assert proposals(text_file(rows))["userAccountControl"] is None
