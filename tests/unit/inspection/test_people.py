"""How many people there are, and who is hard to tell from whom."""

import random

HEADINGS = ("Employee No", "First name", "Surname", "Department", "Date of birth")


def test_two_people_with_one_name_and_different_ids_stay_two(text_file, table, hazard):
    path = text_file([HEADINGS, ("A1", "Ada", "Byrne", "Sales", ""), ("A2", "Ada", "Byrne", "Sales", "")])
    assert table(path).people_likely == 2
    assert table(path).homonyms == 2
    assert (hazard(path, "homonyms").row, hazard(path, "homonyms").column) == (2, "First name")


def test_without_ids_a_birth_date_tells_people_apart(text_file, table):
    rows = [HEADINGS[1:], ("Ada", "Byrne", "Sales", "1990-01-31"), ("Ada", "Byrne", "Sales", "1991-01-31")]
    assert table(text_file(rows)).people_likely == 2


def test_somebody_with_two_rows_is_one_person(text_file, table, hazard):
    path = text_file([HEADINGS[1:4], ("Ada", "Byrne", "Sales"), ("ada", " Byrne", "Support"), ("Bo", "Lind", "Sales")])
    assert table(path).people_likely == 2
    found = hazard(path, "repeated_people")
    assert (found.row, found.rows) == (2, [2, 3])


def test_rows_that_stand_there_twice_are_counted(text_file, table, hazard):
    path = text_file([HEADINGS[:3], ("A1", "Ada", "Byrne"), ("A2", "Bo", "Lind"), ("A1", "Ada", "Byrne")])
    assert (table(path).duplicates, table(path).people_likely) == (1, 2)
    assert hazard(path, "duplicate_rows").row == 4


def test_nearly_the_same_name_in_one_department_is_named_and_not_merged(text_file, table, hazard):
    path = text_file([HEADINGS, ("A1", "Katherine", "Johnson", "Sales", ""), ("A2", "Bo", "Lind", "Sales", ""),
                      ("A3", "Catherine", "Johnson", "Sales", "")])  # fmt: skip
    assert table(path).people_likely == 3
    assert [pair.rows for pair in table(path).look_alikes] == [[2, 4]]
    found = hazard(path, "look_alike_rows")
    assert (found.row, found.count, found.rows) == (2, 1, [2, 4])


def test_different_birth_dates_are_different_people_however_alike_the_names(text_file, table):
    rows = [HEADINGS, ("A1", "Katherine", "Johnson", "Sales", "1990-01-31"),
            ("A3", "Catherine", "Johnson", "Sales", "1985-05-30")]  # fmt: skip
    assert table(text_file(rows)).look_alikes == []


def test_the_work_of_comparing_grows_with_the_rows_and_not_with_their_square(monkeypatch):
    import pandas as pd
    from rapidfuzz import process

    from tasks.ingest.inspection import people

    compared: list[int] = []
    compare = process.cpdist

    def counted(first, second, **options):
        compared.append(len(first))
        return compare(first, second, **options)

    monkeypatch.setattr(process, "cpdist", counted)
    letters = random.Random(1)
    names = pd.Series(["".join(letters.choices("abcdefgh", k=9)) for _ in range(3000)], dtype="str")
    blank = pd.Series(None, names.index, dtype="str")
    people._look_alikes(people.Identity(names, blank, blank, blank), names)
    assert 0 < sum(compared) <= 2 * people.NEIGHBOURS * len(names)
