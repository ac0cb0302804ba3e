"""Where the headings are: below titles, in two rows, in eight languages."""

import pytest

PEOPLE = (
    ("1001", "ada.byrne@acme.example", "Ada", "Byrne", "Sales", "2020-01-31"),
    ("1002", "bo.lind@acme.example", "Bo", "Lind", "Support", "2021-02-28"),
    ("1003", "cleo.ward@acme.example", "Cleo", "Ward", "Sales", "2022-03-30"),
)
ATTRIBUTES = ["external_id", "user_name", "given_name", "family_name", "department", "start_date"]
IN_LANGUAGES = {
    "English": ("Employee ID", "Work Email", "First Name", "Last Name", "Department", "Hire Date"),
    "French": ("Matricule", "Adresse électronique", "Prénom", "Nom de famille", "Service", "Date d'entrée"),
    "German": ("Personalnummer", "E-Mail-Adresse", "Vorname", "Nachname", "Abteilung", "Eintrittsdatum"),
    "Spanish": ("N.º empleado", "Correo electrónico", "Nombre", "Apellidos", "Departamento", "Fecha de alta"),
    "Italian": ("Matricola", "Posta elettronica", "Nome", "Cognome", "Reparto", "Data di assunzione"),
    "Portuguese": ("Matrícula", "Correio eletrônico", "Primeiro nome", "Sobrenome", "Setor", "Data de admissão"),
    "Dutch": ("Personeelsnummer", "E-mailadres", "Voornaam", "Achternaam", "Afdeling", "Datum in dienst"),
    "Japanese": ("社員番号", "メールアドレス", "名", "姓", "部署", "入社日"),
}


@pytest.mark.parametrize("language", IN_LANGUAGES)
def test_headings_are_known_in_eight_languages(language, text_file, table):
    found = table(text_file([("Liste", "", "", "", "", ""), IN_LANGUAGES[language], *PEOPLE]))
    assert found.header_row == 2
    assert [column.proposal for column in found.columns] == ATTRIBUTES
    assert all(column.confidence >= 0.8 for column in found.columns)
    assert found.people_likely == 3


@pytest.mark.parametrize("language", IN_LANGUAGES)
def test_headings_are_known_however_they_are_spelt(language, text_file, table):
    shouted = [f" {heading.upper()}: " for heading in IN_LANGUAGES[language]]
    assert [column.proposal for column in table(text_file([shouted, *PEOPLE])).columns] == ATTRIBUTES


def test_title_rows_stand_above_the_headings(text_file, table, hazard):
    path = text_file([["Acme GmbH"], ["Staff, as of", "2026-03-31"], [], IN_LANGUAGES["German"], *PEOPLE])
    found = table(path)
    assert (found.header_row, found.rows.physical, found.rows.data) == (4, 7, 3)
    assert (hazard(path, "title_rows").row, hazard(path, "title_rows").count) == (1, 2)


def test_a_heading_of_several_lines_is_one_heading(workbook, table):
    rows = [("Employee\nNo", "E-mail\n(work)", "First\nname"), *(row[:3] for row in PEOPLE)]
    found = table(workbook(rows))
    assert [(column.name, column.proposal) for column in found.columns] == [
        ("Employee No", "external_id"),
        ("E-mail (work)", "user_name"),
        ("First name", "given_name"),
    ]


def test_merged_headings_over_others_are_joined_with_them(workbook, table, hazard):
    upper = ("Employee ID", "Name", None, "Work", None)
    lower = (None, "First", "Last", "Department", "E-mail")
    people = [(row[0], row[2], row[3], row[4], row[1]) for row in PEOPLE]

    def merge(book):
        for area in ("A1:A2", "B1:C1", "D1:E1"):
            book["Staff"].merge_cells(area)

    path = workbook([upper, lower, *people], change=merge)
    found = table(path)
    assert (found.header_row, found.header_rows, found.rows.data) == (1, 2, 3)
    assert [column.name for column in found.columns] == [
        "Employee ID", "Name First", "Name Last", "Work Department", "Work E-mail",
    ]  # fmt: skip
    assert hazard(path, "headings_in_two_rows").rows == [1, 2]


def test_two_rows_of_headings_in_a_text_file(text_file, table):
    upper, lower = ("Employee ID", "Name", "", "Department"), ("", "First", "Last", "")
    found = table(text_file([upper, lower, *((row[0], row[2], row[3], row[4]) for row in PEOPLE)]))
    assert (found.header_row, found.header_rows) == (1, 2)
    assert [column.name for column in found.columns] == ["Employee ID", "Name First", "Name Last", "Department"]


def test_a_merged_title_is_no_heading(workbook, table):
    path = workbook(
        [("Data refreshed on:", None, None, "Dec 2020"), ("First name", "Surname", "Team", "Team"),
         ("Ada", "Byrne", "Sales", "A"), ("Bo", "Lind", "Sales", "B")],
        change=lambda book: book["Staff"].merge_cells("A1:C1"),
    )  # fmt: skip
    assert (table(path).header_row, table(path).header_rows) == (2, 1)


def test_rows_without_headings_are_not_given_any(text_file, table, hazard):
    path = text_file(PEOPLE)
    assert table(path).header_row is None
    assert hazard(path, "no_headings").row is None
    assert [column.name for column in table(path).columns][:2] == ["(column A)", "(column B)"]


def test_headings_in_another_language_are_a_guess_that_is_said(text_file, table, hazard):
    path = text_file([("Nr ewidencyjny", "Miejsce", "Kolor"), ("1001", "Kraków", "red"), ("1002", "Gdańsk", "red")])
    assert table(path).header_row == 1
    assert hazard(path, "headings_unsure").row == 1


def test_the_names_of_a_table_that_are_all_text_are_found(text_file, table):
    path = text_file([("First name", "Surname"), ("Ada", "Byrne"), ("Bo", "Lind")])
    assert (table(path).header_row, table(path).rows.data) == (1, 2)
