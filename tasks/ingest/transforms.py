"""Do to the cells of a column what the pipeline declares (``tasks.model.transforms``). Pure; nothing here raises.

A column is a series of text whose blank cells are missing, trimmed at both ends, and every step leaves it so. A blank
cell stays blank, unless the transform is there to fill it. What a step cannot do to a cell is said of that cell. The
examples are tested, and make up docs/transforms.md.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

import pandas as pd

from tasks.ingest.yes_and_no import NO, YES, folded
from tasks.model.columns import clean_heading
from tasks.model.transforms import (
    VALUE,
    Address,
    Boolean,
    Case,
    Declared,
    Default,
    Digits,
    Lookup,
    MapValues,
    Nfc,
    Nfkc,
    Pad,
    Phone,
    Replace,
    Split,
    Template,
    Transform,
    Transliterate,
    Trim,
)

Applied = tuple[pd.Series, pd.Series]


@dataclass(frozen=True)
class Step:
    """One thing done to the cells of a column. ``apply`` gives back the cells and which of them it failed on."""

    code: str
    message: str
    remedy: str
    apply: Callable[[pd.Series], Applied]


@singledispatch
def step(declared: Declared, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001  (those below use it)
    """Return what *declared* does. *beside* are the trimmed cells of the column's headings, for templates."""
    raise TypeError(f"{type(declared).__name__} is no transform")


def tried(entry: dict[str, object] | str, *cells: str, **beside: str) -> list[str | None]:
    """Return what an entry of ``do`` makes of *cells*: None is a blank, a code in angle brackets what is reported.

    *beside* are cells of other headings, alike in all rows.
    """
    column = pd.Series([cell or None for cell in cells], dtype="str")
    others = pd.DataFrame({heading: [cell] * len(cells) for heading, cell in beside.items()}, dtype="str")
    doing = step(Transform.model_validate(entry).declared, others)
    after, wrong = doing.apply(column)
    return [
        f"<{doing.code}>" if bad else value if isinstance(value, str) else None
        for value, bad in zip(after, wrong, strict=True)
    ]


# How a step is made ---------------------------------------------------------------------------------------------------


def _none(cells: pd.Series) -> pd.Series:
    return pd.Series(False, cells.index)


def tidy(cells: pd.Series) -> pd.Series:
    """Return text without blanks at its ends; what is nothing but blanks is missing."""
    stripped = cells.astype("str").str.strip()
    return stripped.mask(stripped == "")


def _each(cells: pd.Series, change: Callable[[str], str | None]) -> pd.Series:
    """Return the cells changed, each value once; where *change* gives None the cell is missing."""
    known = {value: change(value) for value in cells.dropna().unique()}
    return tidy(cells.map({value: after for value, after in known.items() if after is not None}))


def _plain(name: str, change: Callable[[str], str]) -> Step:
    """Return a step that never fails."""
    return Step(name, "", "", lambda cells: (_each(cells, change), _none(cells)))


def _strict(code: str, message: str, remedy: str, change: Callable[[str], str | None], otherwise: str = "hold") -> Step:
    """Return a step in which None from *change* means that it could not be done: then *otherwise* is."""

    def apply(cells: pd.Series) -> Applied:
        known = {value: change(value) for value in cells.dropna().unique()}
        undone = cells.isin([value for value, after in known.items() if after is None])
        after = tidy(cells.map({value: text for value, text in known.items() if text is not None}))
        if otherwise == "keep":
            after = after.mask(undone, cells)
        return after, undone if otherwise == "hold" else _none(cells)

    return Step(code, message, remedy, apply)


# Text -----------------------------------------------------------------------------------------------------------------


@step.register
def trim(declared: Trim, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried("trim", "Ada   Lovelace", "Grace\\n Hopper")
    ['Ada Lovelace', 'Grace Hopper']
    """
    return _plain("trim", lambda text: " ".join(text.split()))


@step.register
def case(declared: Case, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried({"case": "title"}, "ADA LOVELACE", "jean-luc o'neill", "d’alembert")
    ['Ada Lovelace', "Jean-Luc O'Neill", 'D’Alembert']
    >>> tried({"case": "lower"}, "Ada.Lovelace@ACME.example")
    ['ada.lovelace@acme.example']
    """
    return _plain("case", {"lower": str.lower, "upper": str.upper, "title": _title}[declared.to])


def _title(text: str) -> str:
    return str.title(text)


@step.register
def nfc(declared: Nfc, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried("nfc", "Rene\\u0301") == ["Ren\\u00e9"]
    True
    """
    return _plain("nfc", lambda text: unicodedata.normalize("NFC", text))


@step.register
def nfkc(declared: Nfkc, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried("nfkc", "ＡＤＡ", "oﬃce")
    ['ADA', 'office']
    """
    return _plain("nfkc", lambda text: unicodedata.normalize("NFKC", text))


@step.register
def transliterate(declared: Transliterate, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried("transliterate", "Łódź", "Jürgen Groß", "Ελένη", "Юлия")
    ['Lodz', 'Jurgen Gross', 'Eleni', 'Yuliya']
    """
    from anyascii import anyascii  # its tables are large

    return _plain("transliterate", anyascii)


@step.register
def split(declared: Split, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """
    >>> tried({"split": {"by": ",", "take": "last"}}, "Lovelace, Ada", "Hopper")
    ['Ada', '<no_such_part>']
    >>> tried({"split": {"by": " ", "take": "rest", "otherwise": "blank"}}, "Ana María López", "Cher")
    ['María López', None]
    >>> tried({"split": {"by": "-", "take": 2, "otherwise": "keep"}}, "FR-Paris-3", "Remote")
    ['Paris', 'Remote']
    """

    def change(text: str) -> str | None:
        parts = text.split(declared.by)
        if declared.take == "rest":
            return declared.by.join(parts[1:]).strip() or None
        at = {"first": 0, "last": len(parts) - 1}.get(str(declared.take), len(parts))
        at = declared.take - 1 if isinstance(declared.take, int) else at
        return (parts[at].strip() or None) if len(parts) > 1 and at < len(parts) else None

    return _strict(
        "no_such_part",
        "The value does not have the part that the pipeline takes.",
        f"Correct the value, which should be parted by '{declared.by}', or say in the pipeline what is done otherwise.",
        change,
        declared.otherwise,
    )


@step.register
def template(declared: Template, beside: pd.DataFrame | None = None) -> Step:
    """
    >>> tried({"template": "{value}@acme.example"}, "ada", "")
    ['ada@acme.example', None]
    >>> tried({"template": "{First}.{Last}"}, "-", First="ada", Last="lovelace")
    ['ada.lovelace']
    """
    texts = re.split(r"\{[^{}]*\}", declared.text)

    def apply(cells: pd.Series) -> Applied:
        filled: pd.Series = pd.Series(texts[0], cells.index, dtype="str")
        for place, text in zip(declared.places, texts[1:], strict=True):
            here = cells if place == VALUE or beside is None else beside[clean_heading(place)]
            filled = filled + here.astype("str") + text
        return tidy(filled), _none(cells)

    return Step("template", "", "", apply)


@step.register
def replace(declared: Replace, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """
    >>> tried({"replace": {"text": "EMP-"}}, "EMP-00142", "00143")
    ['00142', '00143']
    >>> tried({"replace": {"text": " ", "by": "."}}, "ada lovelace")
    ['ada.lovelace']
    """
    return _plain("replace", lambda text: text.replace(declared.text, declared.by))


@step.register
def digits(declared: Digits, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried("digits", "EMP-00142", "none")
    ['00142', '<no_digits>']
    """
    return _strict(
        "no_digits",
        "The value has no digits.",
        "Correct the value.",
        lambda text: "".join(character for character in text if character in "0123456789") or None,
    )


@step.register
def pad(declared: Pad, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried({"pad": 6}, "123", "000123", "A12")
    ['000123', '000123', 'A12']
    """
    return _plain("pad", lambda text: text.zfill(declared.to) if re.fullmatch("[0-9]+", text) else text)


@step.register
def default(declared: Default, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried({"default": "en_US"}, "", "fr_FR")
    ['en_US', 'fr_FR']
    """
    return Step("default", "", "", lambda cells: (tidy(cells.fillna(declared.value)), _none(cells)))


# Meanings -------------------------------------------------------------------------------------------------------------


@step.register
def map_values(declared: MapValues, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """A value as it stands in the map counts before one in another case.

    >>> tried({"map": {"Active": "active", "Left": "inactive"}}, "ACTIVE", "Left", "Sabbatical", "")
    ['active', 'inactive', '<value_not_mapped>', None]
    >>> tried({"map": {"Left": "inactive", "": "active"}}, "left", "")
    ['inactive', 'active']
    """
    meaning_of = _looked_up(declared.meanings)
    blank = {key.strip(): value.strip() for key, value in declared.meanings.items()}.get("")
    listed = ", ".join(f"'{key.strip()}'" for key in declared.meanings)
    strict = _strict(
        "value_not_mapped",
        "The value is not in the pipeline's map for this column.",
        f"Correct the value or add it to the map, which has {listed}.",
        meaning_of,
    )

    def apply(cells: pd.Series) -> Applied:
        found, wrong = strict.apply(cells)
        return (found if blank is None else tidy(found.mask(cells.isna(), blank))), wrong

    return Step(strict.code, strict.message, strict.remedy, apply)


def _looked_up(table: dict[str, str]) -> Callable[[str], str | None]:
    """Return how a value is looked up: exactly, else without regard to case; of two alike, the first."""
    exact = {key.strip(): value.strip() for key, value in table.items()}
    alike = {key.casefold(): value for key, value in reversed(exact.items())}
    return lambda text: exact.get(text, alike.get(text.casefold()))


@step.register
def lookup(declared: Lookup, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """
    >>> tried({"lookup": {"table": {"PAR": "Paris", "LON": "London"}}}, "par", "ROM")
    ['Paris', '<value_not_in_table>']
    >>> tried({"lookup": {"table": {"PAR": "Paris"}, "otherwise": "keep"}}, "PAR", "Rome")
    ['Paris', 'Rome']
    """
    named = f"the table {declared.file}" if declared.file else "the pipeline's table for this column"
    return _strict(
        "value_not_in_table",
        "The value is not in the table in which the pipeline looks it up.",
        f"Correct the value or add it to {named}.",
        _looked_up(declared.table or {}),
        declared.otherwise,
    )


@step.register
def boolean(declared: Boolean, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """
    >>> tried({"boolean": "active"}, "Yes", "non", "JA", "いいえ", "perhaps", "")
    ['active', 'inactive', 'active', 'inactive', '<not_yes_or_no>', None]
    >>> tried({"boolean": "inactive"}, "TRUE", "0")
    ['inactive', 'active']
    >>> tried({"boolean": {"yes": "Contractor", "no": "Employee"}}, "sí", "não")
    ['Contractor', 'Employee']
    """

    def change(text: str) -> str | None:
        word = folded(text)
        return declared.yes if word in YES else declared.no if word in NO else None

    return _strict(
        "not_yes_or_no",
        "The value is no word for yes or no that is known.",
        "Correct the value, or give the column a map in the pipeline.",
        change,
    )


# Addresses and telephones ---------------------------------------------------------------------------------------------


@step.register
def address(declared: Address, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried({"address": "acme.example"}, "ada", "ben@old.example", "@old.example")
    ['ada@acme.example', 'ben@acme.example', '<no_local_part>']
    >>> tried({"address": {"domain": "acme.example", "instead_of": "old.example"}}, "ben@old.example", "cy@b.example")
    ['ben@acme.example', 'cy@b.example']
    """
    replaced = {domain.casefold() for domain in declared.instead_of}

    def change(text: str) -> str | None:
        local, at, domain = text.rpartition("@") if "@" in text else (text, "", "")
        if not local.strip():
            return None
        stays = bool(at) and bool(replaced) and domain.casefold() not in replaced
        return text if stays else f"{local.strip()}@{declared.domain}"

    return _strict("no_local_part", "The address has nothing before its @.", "Correct the address.", change)


@step.register
def phone(declared: Phone, beside: pd.DataFrame | None = None) -> Step:  # noqa: ARG001
    """Done again, it changes nothing.

    >>> tried({"phone": "FR"}, "01 70 18 99 00", "+44 20 7946 0958", "0044 20 7946 0958", "extension 12")
    ['+33170189900', '+442079460958', '+442079460958', '<bad_phone>']
    """
    import phonenumbers  # its tables are large

    def change(text: str) -> str | None:
        try:
            number = phonenumbers.parse(text, declared.country)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_possible_number(number):
            return None
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    return _strict(
        "bad_phone",
        f"The telephone number is none that can be dialled from {declared.country}.",
        "Correct the number; write numbers of other countries with + and their country code.",
        change,
    )
