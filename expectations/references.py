"""Expect what a row says of other rows, or of the day, to hold: a manager who is there, a date that can be.

Columns are worker attributes. Values compare trimmed and without regard to case, since ids and addresses both stand
for people.
"""

from typing import Any

import pandas as pd

from expectations.gx import MulticolumnMapExpectation, MulticolumnMapMetricProvider, rows_condition

MARKS = ("gone", "today")
"""Columns that validation puts beside the attributes."""


def folded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the attributes of *table* as they are compared here; what is missing is empty text."""
    names = [name for name in table if name not in MARKS]
    return pd.DataFrame({name: table[name].astype("str").fillna("").str.strip().str.casefold() for name in names})


class ReferencesPresent(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.references_present"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805  # GX calls it with the class
        cells = folded(table)
        reference, *keys = cells
        known = pd.concat([cells[key] for key in keys])
        return (cells[reference] == "") | cells[reference].isin(known.unique())


class ReferencesToOthers(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.references_to_others"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805
        cells = folded(table)
        reference, *keys = cells
        same: pd.Series = cells[keys].eq(cells[reference], axis=0).any(axis=1)
        return (cells[reference] == "") | ~same


class ReferencesAbsent(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.references_absent"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805
        cells = folded(table)
        reference, *keys = cells
        others = pd.concat([cells[key].where(cells[key] != cells[reference]) for key in keys])
        return (cells[reference] == "") | ~cells[reference].isin(others.unique())


class OneValueForEachKey(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.one_value_for_each_key"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805
        cells = folded(table)
        value, *keys = cells
        compared = cells[(cells[[value, *keys]] != "").all(axis=1)]
        compared = compared[compared.duplicated(keys, keep=False)]
        groups = compared.groupby(keys).ngroup()
        failed = compared[value].groupby(groups).transform("nunique") > 1
        agreed: pd.Series = ~failed.reindex(table.index, fill_value=False).astype(bool)
        return agreed


class OneOfThemFilled(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.one_of_them_filled"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805
        filled: pd.Series = (folded(table) != "").any(axis=1)
        return filled


class DatesNotFarAhead(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.dates_not_far_ahead"
    condition_value_keys = ("years",)

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, years: int = 0, **_: Any) -> pd.Series:  # noqa: N805
        [name] = [name for name in table if name not in MARKS]
        if table.empty:
            return pd.Series(True, table.index)
        today = str(table["today"].iloc[0])
        latest = f"{int(today[:4]) + years:04}{today[4:]}"  # ISO dates sort as text, the 29th of February too
        return table[name].isna() | (table[name].fillna("") <= latest)


class ExpectReferencesToExist(MulticolumnMapExpectation):
    """Expect each value of the first column to stand in one of the others, in whatever row. Blank is no reference."""

    map_metric = "multicolumn_values.references_present"


class ExpectReferencesToNameOthers(MulticolumnMapExpectation):
    """Expect no value of the first column to stand in one of the others in its own row."""

    map_metric = "multicolumn_values.references_to_others"


class ExpectReferencesNotToExist(MulticolumnMapExpectation):
    """Expect no value of the first column to stand in one of the others in another row."""

    map_metric = "multicolumn_values.references_absent"


class ExpectOneValueForEachKey(MulticolumnMapExpectation):
    """Expect rows that agree in all columns but the first to agree in the first. Rows with a blank are left out."""

    map_metric = "multicolumn_values.one_value_for_each_key"


class ExpectOneOfThemToBeFilled(MulticolumnMapExpectation):
    """Expect at least one of the columns to have a value in each row. Give it ``"ignore_row_if": "never"``."""

    map_metric = "multicolumn_values.one_of_them_filled"


class ExpectDatesNotFarAhead(MulticolumnMapExpectation):
    """Expect no date of the first column to be more than *years* after the day of the run (the column ``today``)."""

    years: int = 0
    map_metric = "multicolumn_values.dates_not_far_ahead"
    success_keys = ("years", "mostly")
