"""Which columns are keys, and why others are not."""

HEADINGS = ("Employee No", "E-mail", "First name", "Surname", "Badge")


def keys_of(found):
    return {key.column: key for key in found.keys}


def test_a_key_is_filled_in_every_row_and_different_in_each(text_file, table, staff):
    keys = keys_of(table(text_file(staff.table)))
    assert keys["Employee No"].unique
    assert keys["E-mail"].unique
    assert "no two are alike" in keys["Employee No"].why


def test_an_id_of_different_people_is_no_key(text_file, table, hazard):
    path = text_file([
        HEADINGS,
        ("A1", "ada@acme.example", "Ada", "Byrne", "x1"),
        ("A1", "bo@acme.example", "Bo", "Lind", "x2"),
        ("A2", "cleo@acme.example", "Cleo", "Ward", "x3"),
        ("A2", "cleo@acme.example", "CLEO", "Ward", "x4"),
    ])  # fmt: skip
    key = keys_of(table(path))["Employee No"]
    assert (key.unique, key.conflicting_ids, key.conflicting_rows, key.rows) == (False, 1, 2, [2, 3])
    assert "1 of its 2 values are shared by different people (2 rows)" in key.why
    assert "2 rows repeat a value for the same person" in key.why
    found = hazard(path, "ids_shared", "Employee No")
    assert (found.row, found.count) == (2, 2)


def test_a_column_with_blanks_is_no_key(text_file, table):
    rows = [HEADINGS, ("A1", "ada@acme.example", "Ada", "Byrne", "x1"), ("", "bo@acme.example", "Bo", "Lind", "x2")]
    key = keys_of(table(text_file(rows)))["Employee No"]
    assert not key.unique
    assert key.why == "it is blank in 1 of 2 rows"


def test_a_column_that_nobody_called_an_id_can_be_one(text_file, table):
    rows = [("Locker", "First name"), *((f"D-{n}", f"Name{chr(65 + n)}") for n in range(9))]
    assert keys_of(table(text_file(rows)))["Locker"].unique


def test_names_and_dates_are_no_keys(text_file, table, staff):
    assert set(keys_of(table(text_file(staff.table)))) == {"Employee No", "E-mail"}
