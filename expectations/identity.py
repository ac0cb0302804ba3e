"""Expect rows to tell people apart: a key for one person, an address for one person, no row twice.

Columns are worker attributes. Ids compare as they stand, addresses without regard to case, names without
regard to case, accents' encoding and blanks. So rows that share a key either belong to different people, or
contradict each other, or are the same row twice: nothing falls between.
"""

import unicodedata
from typing import Any

import pandas as pd

from expectations.gx import MulticolumnMapExpectation, MulticolumnMapMetricProvider, rows_condition

ID, ADDRESS = "external_id", "user_name"
NAMES = ["given_name", "family_name"]
GONE = "gone"
"""True in rows that tell, by an id, of somebody who has left: whoever has their address now has it rightly."""


def comparable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the cells as they are compared: trimmed, addresses casefolded, missing as empty text."""
    trimmed = pd.DataFrame({name: table[name].astype("str").fillna("").str.strip() for name in table})
    if ADDRESS in trimmed:
        trimmed[ADDRESS] = trimmed[ADDRESS].str.casefold()
    return trimmed


def names(table: pd.DataFrame) -> pd.Series:
    """Return one text per row that is equal for equal people, from those of the name columns that are there."""
    joined = pd.Series("", index=table.index, dtype="str")
    for column in [name for name in NAMES if name in table]:
        alike = {
            text: " ".join(unicodedata.normalize("NFC", text).casefold().split()) for text in table[column].unique()
        }
        joined += "\n" + table[column].map(alike).astype("str")
    return joined


def several(values: pd.Series, group: pd.Series) -> pd.Series:
    """Say for each row whether its group holds more than one of *values*."""
    return values.groupby(group).transform("nunique") > 1


def _sharing(table: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return, ready to compare, the rows that have a key which stands on another row too."""
    keys = comparable(table[[key]])[key]
    return comparable(table[(keys != "") & keys.duplicated(keep=False)])


def _unless(failed: pd.Series, table: pd.DataFrame) -> pd.Series:
    return ~failed.reindex(table.index, fill_value=False).astype(bool)


class IdOfOnePerson(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.id_of_one_person"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805  # GX calls it with the class
        rows = _sharing(table, ID)
        return _unless(several(names(rows), rows[ID]), table)


class AddressOfOnePerson(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.address_of_one_person"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805
        rows = _sharing(table[~table[GONE].astype(bool)].drop(columns=GONE) if GONE in table else table, ADDRESS)
        ids = rows[ID] if ID in rows else pd.Series("", index=rows.index, dtype="str")
        address = rows[ADDRESS]
        nameless = (ids == "").groupby(address).transform("any")  # where an id is missing, only names can tell
        failed = several(ids.where(ids != ""), address) | (nameless & several(names(rows), address))
        return _unless(failed, table)


class RowsOfOneWorkerAgree(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.rows_of_one_worker_agree"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805
        key = ID if ID in table else ADDRESS
        rows = _sharing(table, key)
        whole = rows.groupby(list(rows), sort=False).ngroup()
        return _unless(several(whole, rows[key]) & ~several(names(rows), rows[key]), table)


class NamesOfOnePerson(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.names_of_one_person"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805
        named = comparable(table[(table[[name for name in NAMES if name in table]].notna()).all(axis=1)])
        whole = names(named)
        rows = named[whole.duplicated(keep=False)]
        keys = [rows[name] for name in (ID, ADDRESS) if name in rows]
        if not keys:  # a list that lacks both: nothing says whether it is one person or two
            return pd.Series(True, table.index)
        key = keys[0].where(keys[0] != "", keys[-1])  # the address, where an id is missing
        return _unless(several(key.where(key != ""), whole[rows.index]), table)


class RowsDistinct(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.rows_distinct"

    @rows_condition
    def _pandas(cls, table: pd.DataFrame, **_: Any) -> pd.Series:  # noqa: N805
        alike = comparable(table)
        twice = alike.duplicated(keep=False)
        groups = alike[twice].groupby(list(alike), sort=False).ngroup()
        as_written = table[twice].astype("str").fillna("").sort_values(table.columns.tolist(), kind="stable")
        return _unless(groups.reindex(as_written.index).duplicated(keep="first"), table)


class ExpectIdToBelongToOnePerson(MulticolumnMapExpectation):
    """Expect rows with one external_id to name one person. Fails every row of an id that is shared."""

    map_metric = "multicolumn_values.id_of_one_person"


class ExpectAddressToBelongToOnePerson(MulticolumnMapExpectation):
    """Expect rows with one address to have one external_id, or, where an id is missing, to name one person.

    A column ``gone`` in the list leaves out the rows in which it is true.
    """

    map_metric = "multicolumn_values.address_of_one_person"


class ExpectRowsOfOneWorkerToAgree(MulticolumnMapExpectation):
    """Expect rows with one key and one name to be equal in all other columns too.

    The key is external_id, or the address where the table has no ids.
    """

    map_metric = "multicolumn_values.rows_of_one_worker_agree"


class ExpectNamesToBelongToOnePerson(MulticolumnMapExpectation):
    """Expect rows of one name to have one key: the external_id, or the address where an id is missing.

    Two people may well be called alike, and they stay two: this is for telling readers, not for holding rows.
    """

    map_metric = "multicolumn_values.names_of_one_person"


class ExpectRowsToBeDistinct(MulticolumnMapExpectation):
    """Expect no row to stand in the table twice. Of equal rows one passes, whatever their order in the table.

    It is the one whose cells, as they are written, sort first: two spellings of an address are one address.
    """

    map_metric = "multicolumn_values.rows_distinct"
