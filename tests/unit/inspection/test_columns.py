"""What columns are taken for: the heading speaks, the values are asked."""

import pytest


def test_a_column_of_addresses_is_known_by_its_values(text_file, proposals):
    rows = [("No", "Contact", "First name"), ("1", "ada@acme.example", "Ada"), ("2", "bo@acme.example", "Bo")]
    assert proposals(text_file(rows))["Contact"] == "user_name"


def test_a_column_called_e_mail_that_holds_none_is_not_believed(text_file, table):
    rows = [("Employee No", "E-mail", "First name"), ("1", "yes", "Ada"), ("2", "no", "Bo"), ("3", "yes", "Cleo")]
    [column] = [item for item in table(text_file(rows)).columns if item.name == "E-mail"]
    assert (column.proposal, column.confidence) == (None, 0)
    assert "0% of its values fit" in column.evidence


def test_a_column_called_date_that_holds_none_is_not_believed(text_file, proposals):
    rows = [("Employee No", "Start date", "First name"), ("1", "Paris", "Ada"), ("2", "Rome", "Bo")]
    assert proposals(text_file(rows))["Start date"] is None


def test_a_status_whose_words_are_none_is_taken_for_a_kind_of_staff(text_file, table):
    rows = [("First name", "Surname", "Employee Status"), ("Ada", "Byrne", "Teacher"), ("Bo", "Lind", "Coach"),
            ("Cleo", "Ward", "Teacher"), ("Dag", "Orme", "Coach")]  # fmt: skip
    [column] = [item for item in table(text_file(rows)).columns if item.name == "Employee Status"]
    assert column.proposal == "employee_type"
    assert column.confidence < 0.8


def test_the_address_at_work_comes_before_the_login_and_the_private_one_never(text_file, proposals):
    rows = [("Login", "Private e-mail", "E-mail", "Manager e-mail"),
            ("ada", "a@home.example", "ada@acme.example", "cleo@acme.example"),
            ("bo", "b@home.example", "bo@acme.example", "cleo@acme.example")]  # fmt: skip
    assert proposals(text_file(rows)) == {
        "Login": None, "Private e-mail": None, "E-mail": "user_name", "Manager e-mail": None,
    }  # fmt: skip


def test_a_login_is_an_address_at_best_by_half(text_file, table):
    rows = [("Employee No", "User name", "First name"), ("1", "ada", "Ada"), ("2", "bo", "Bo")]
    [column] = [item for item in table(text_file(rows)).columns if item.name == "User name"]
    assert (column.proposal, column.confidence) == ("user_name", 0.6)


def test_no_attribute_is_proposed_twice(text_file, proposals):
    rows = [("Department", "Dept", "First name"), ("Sales", "S", "Ada"), ("Support", "U", "Bo")]
    assert sorted(filter(None, proposals(text_file(rows)).values())) == ["department", "given_name"]


@pytest.mark.parametrize(("heading", "attribute"), [("Employe No", "external_id"), ("Departement", "department")])
def test_a_misspelt_heading_is_known(heading, attribute, text_file, proposals):
    rows = [(heading, "First name"), ("A1", "Ada"), ("A2", "Bo")]
    assert proposals(text_file(rows))[heading] == attribute


def test_a_table_without_people_is_no_list_of_people(workbook, tables):
    people = [("Employee No", "E-mail", "First name"), ("1", "ada@acme.example", "Ada")]
    lookup = [("Cost centre", "Department"), ("CC1", "Sales"), ("CC2", "Support")]
    assert [table.people_likely for table in tables(workbook(people, lookup))] == [1, 0]


def test_words_that_no_heading_is_known_by_say_nothing(text_file, proposals):
    rows = [("Colour of badge", "First name"), ("red", "Ada"), ("red", "Bo"), ("blue", "Cleo"), ("blue", "Dag")]
    assert proposals(text_file(rows))["Colour of badge"] is None


def test_headings_of_two_rows_and_of_nested_records_are_known_by_their_telling_word(text_file, proposals):
    rows = [("Mitarbeiter Vorname", "Mitarbeiter Nachname", "Employee #", "Supervisor EID", "Employee"),
            ("Ada", "Byrne", "1001", "1003", "Ada Byrne"), ("Bo", "Lind", "1002", "1003", "Bo Lind"),
            ("Cleo", "Ward", "1003", "", "Cleo Ward")]  # fmt: skip
    assert proposals(text_file(rows)) == {
        "Mitarbeiter Vorname": "given_name", "Mitarbeiter Nachname": "family_name", "Employee #": "external_id",
        "Supervisor EID": "manager_id", "Employee": "display_name",
    }  # fmt: skip
    nested = [("name.first", "name.last", "E-mail"), ("Ada", "Byrne", "ada@acme.example")]
    assert proposals(text_file(nested)) == {
        "name.first": "given_name", "name.last": "family_name", "E-mail": "user_name",
    }  # fmt: skip
