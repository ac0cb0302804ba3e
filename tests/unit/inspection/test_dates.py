"""How dates are written, and which rows prove it."""

from datetime import date

import pytest

HEADINGS = ("Employee No", "First name", "Start date")


@pytest.fixture
def reading(text_file, table):
    """Return what is said of a column of dates."""

    def read(*days):
        rows = [HEADINGS, *((f"A{number}", f"Person {number}", day) for number, day in enumerate(days))]
        found = table(text_file(rows)).dates
        return found[0] if found else None

    return read


def test_the_13th_shows_that_the_day_comes_first(reading):
    found = reading("01/02/2024", "13/02/2024", "05/06/2024")
    assert (found.format, found.ambiguous, found.proof_rows) == ("%d/%m/%Y", False, [3])


def test_the_13th_shows_that_the_month_comes_first(reading):
    found = reading("02/01/2024", "02/13/2024")
    assert (found.format, found.proof_rows) == ("%m/%d/%Y", [3])


def test_without_a_proof_it_is_ambiguous_and_says_which_rows_are(reading):
    found = reading("02/01/2024", "05/05/2024", "11/12/2024")
    assert (found.format, found.ambiguous) == (None, True)
    assert found.candidates == ["%d/%m/%Y", "%m/%d/%Y"]
    assert found.ambiguous_rows == [2, 4]


def test_dots_prove_nothing(reading):
    assert reading("02.01.2024", "03.04.2024").ambiguous


def test_dates_that_contradict_each_other_prove_nothing(reading, text_file, hazard):
    found = reading("13/02/2024", "02/13/2024")
    assert (found.format, found.ambiguous) == (None, True)
    rows = [HEADINGS, ("A1", "Ada", "13/02/2024"), ("A2", "Bo", "02/13/2024")]
    assert hazard(text_file(rows), "dates_contradict", "Start date").rows == [2, 3]


@pytest.mark.parametrize(
    ("days", "form"),
    [
        (("2024-01-02", "2024-03-04"), "%Y-%m-%d"),
        (("2024/01/02", "2024/03/04"), "%Y/%m/%d"),
        (("20240102", "20240304"), "%Y%m%d"),
        (("2024年1月2日", "2024年3月4日"), "%Y年%m月%d日"),
        (("02-Jan-2024", "04-Mar-2024"), "%d-%b-%Y"),
        (("13/02/99", "01/02/24"), "%d/%m/%y"),
        (("02/13/24", "01/02/24"), "%m/%d/%y"),
        (("29/02/03", "28/02/03"), "%y/%m/%d"),
        (("99.02.13", "24.02.01"), "%y.%m.%d"),
        (("2024-01-02 08:30:00", "2024-03-04 09:00:00"), "%Y-%m-%d %H:%M:%S"),
        (("2024-01-02T08:30:00", "2024-03-04T09:00:00"), "%Y-%m-%dT%H:%M:%S"),
        (("2024-01-02", "2024-03-04 09:00:00", "2024-03-05"), "%Y-%m-%d"),
    ],
)
def test_other_ways_of_writing_dates(reading, days, form):
    assert reading(*days).format == form


@pytest.mark.parametrize("sign", ["/", ".", "-"])
def test_a_year_of_two_digits_may_stand_first_or_last(reading, text_file, hazard, sign):
    days = [day.replace("/", sign) for day in ("27/01/15", "28/02/03", "24/01/24", "28/06/30")]
    found = reading(*days)
    assert (found.format, found.ambiguous, found.proof_rows) == (None, True, [])
    assert found.candidates == [f"%d{sign}%m{sign}%y", f"%y{sign}%m{sign}%d"]
    assert (found.ambiguous_rows, found.ambiguous_count) == ([2, 3, 5], 3)
    rows = [HEADINGS, *((f"A{number}", "Ada", day) for number, day in enumerate(days))]
    assert hazard(text_file(rows), "dates_ambiguous", "Start date").rows == [2, 3, 5]


def test_all_three_orders_may_fit(reading):
    assert reading("01/02/03", "04/05/06").candidates == ["%d/%m/%y", "%m/%d/%y", "%y/%m/%d"]


def test_a_contradiction_is_one_though_two_formats_read_the_same_rows(text_file, hazard):
    rows = [HEADINGS, ("A1", "Ada", "13/02/24"), ("A2", "Bo", "02/13/24"), ("A3", "Cleo", "01/02/03")]
    assert hazard(text_file(rows), "dates_contradict", "Start date").rows == [2, 3]


def test_two_digit_years_are_told(text_file, hazard):
    rows = [HEADINGS, ("A1", "Ada", "13/02/24"), ("A2", "Bo", "01/03/24")]
    assert hazard(text_file(rows), "two_digit_years", "Start date").row == 2


def test_date_cells_need_no_format(workbook, table):
    rows = [HEADINGS, ("A1", "Ada", date(2024, 2, 1)), ("A2", "Bo", date(2024, 3, 2))]
    [found] = table(workbook(rows)).dates
    assert (found.written, found.ambiguous, found.format) == ("date cells", False, "%Y-%m-%d")


def test_serial_numbers_among_date_cells(workbook, table, hazard):
    rows = [HEADINGS, ("A1", "Ada", date(2024, 2, 1)), ("A2", "Bo", 45292), ("A3", "Cleo", 45293)]
    path = workbook(rows)
    assert table(path).dates[0].written == "mixed"
    assert hazard(path, "date_serials", "Start date").rows == [3, 4]
    assert hazard(path, "dates_mixed", "Start date").rows == [2]
    assert table(path).dates[0].format is None


def test_days_that_do_not_exist_are_told(text_file, hazard):
    rows = [HEADINGS, ("A1", "Ada", "2024-02-30"), ("A2", "Bo", "2024-03-02"), ("A3", "Cleo", "2024-03-03")]
    found = hazard(text_file(rows), "dates_unreadable", "Start date")
    assert (found.row, found.count) == (2, 1)


def test_columns_with_different_formats_are_told(text_file, hazard):
    rows = [
        (*HEADINGS, "End date"),
        ("A1", "Ada", "2020-01-31", "13/02/2024"),
        ("A2", "Bo", "2020-02-28", "14/02/2024"),
    ]
    assert hazard(text_file(rows), "dates_differ", "End date").row == 2
