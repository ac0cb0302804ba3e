"""What may be done to the cells of a column: small transforms, declared in the pipeline file, each with its own fields.

An entry of ``do`` names one transform: by its bare name (``trim``), or as a mapping of the name to its fields
(``{split: {by: ",", take: last}}``); where one field says it all, its value may stand alone (``{case: title}``). What
they do to cells is ``tasks.ingest.transforms``'s work.
"""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from tasks.model.fields import Spec, Texts

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
VALUE = "value"
"""The name by which a template knows the cell's own text."""


class Declared(Spec):
    """A transform's fields. ``short`` is the field that a bare value gives; ``example`` is what a message shows."""

    short: ClassVar[str | None] = None
    example: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {cls.short: value} if cls.short and isinstance(value, str | int) else value


class Trim(Declared):
    """One blank for each run of blanks, tabs and line breaks, and none at the ends."""


class Case(Declared):
    """Lower case, upper case, or capitals at the beginning of names (`MCADAM` becomes `Mcadam`)."""

    short = "to"
    example = "{case: title}"

    to: Literal["lower", "upper", "title"]


class Nfc(Declared):
    """Accents in one form: a letter with its accent is one character, however the file spells it (Unicode NFC)."""


class Nfkc(Declared):
    """As `nfc`, and full-width letters, ligatures and the like become plain ones (Unicode NFKC)."""


class Transliterate(Declared):
    """Latin letters, without accents, for every script: for the local part of an address, seldom for a name."""


class Split(Declared):
    """One part of a text that `by` parts: the `first`, the `last`, the `rest` behind the first, or a number, from 1.

    A cell without that part is held; `otherwise` may `keep` it as it stands, or make it `blank`.
    """

    example = '{split: {by: ",", take: last}}'

    by: str = Field(min_length=1)
    take: Literal["first", "last", "rest"] | Annotated[int, Field(ge=1)]
    otherwise: Literal["hold", "keep", "blank"] = "hold"


class Template(Declared):
    """A text around the cell: `{value}` is the cell, and `{Heading}` another cell of the row, for a heading that the
    column names in `from`. Where one of them is blank, so is the outcome.
    """

    short = "text"
    example = '{template: "{value}@acme.example"}'

    text: str

    @model_validator(mode="after")
    def _has_a_place(self) -> "Template":
        if not self.places:
            raise ValueError("a template needs {value} where the cell's text goes")
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """What stands in braces, in order."""
        return tuple(PLACEHOLDER.findall(self.text))


class MapValues(Declared):
    """Whole values replaced, upper and lower case alike. A value that is not in the map holds the row; `""` in it
    stands for a blank cell.
    """

    example = "{map: {Active: active, Left: inactive}}"

    meanings: dict[str, str]

    @model_validator(mode="before")
    @classmethod
    def _meanings_alone(cls, value: Any) -> Any:
        whole = isinstance(value, dict) and not isinstance(value.get("meanings"), dict)
        return {"meanings": value} if whole else value


class Lookup(Declared):
    """Whole values replaced by a table: written here (`table`), or a CSV `file` beside the pipeline file, of which
    `key` and `value` name two headings. Upper and lower case are alike. A value that is not in the table holds the
    row; `otherwise` may `keep` it as it stands, or make it `blank`.
    """

    example = "{lookup: {file: sites.csv, key: Code, value: Site}}"

    table: dict[str, str] | None = None
    file: str | None = None
    key: str | None = None
    value: str | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8-sig"
    otherwise: Literal["hold", "keep", "blank"] = "hold"

    @model_validator(mode="after")
    def _has_a_table(self) -> "Lookup":
        if self.file is not None and (self.key is None or self.value is None):
            raise ValueError("a file needs key and value: its headings of what is looked up, and of what it becomes")
        if self.table is None:
            raise ValueError("give a table, or a file with key and value")
        return self


class Boolean(Declared):
    """Words for yes and no in eight languages, replaced by what they mean. `boolean: active` says that a yes means
    `active` and a no `inactive`; `boolean: inactive` turns it round, for a column such as "Terminated?".
    """

    example = "{boolean: active}"

    yes: str
    no: str

    @model_validator(mode="before")
    @classmethod
    def _of_status(cls, value: Any) -> Any:
        meanings = {"active": {"yes": "active", "no": "inactive"}, "inactive": {"yes": "inactive", "no": "active"}}
        if not isinstance(value, str):
            return value
        if value not in meanings:
            raise ValueError("write active or inactive (what a yes means), or {yes: ..., no: ...}")
        return meanings[value]


class Default(Declared):
    """What a blank cell stands for."""

    short = "value"
    example = "{default: en_US}"

    value: str = Field(min_length=1)


def _domain(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+\.[^@\s.]+", value):
        raise ValueError("write a domain without @, for example acme.example")
    return value


class Address(Declared):
    """An address of what stands before the `@`, or of the whole cell where there is none, and the `domain`. With
    `instead_of`, addresses of other domains than those are left as they are.
    """

    short = "domain"
    example = "{address: acme.example}"

    domain: Annotated[str, AfterValidator(_domain)]
    instead_of: Texts = ()


def _region(value: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS  # only a pipeline with numbers pays for it

    if value not in SUPPORTED_REGIONS:
        raise ValueError("write a country as two capital letters, for example FR, or GB for the United Kingdom")
    return value


class Phone(Declared):
    """A telephone number in the form E.164 (`+33123456789`). `country` is where numbers without a country code are. An
    extension is left out; what is no number holds the row.
    """

    short = "country"
    example = "{phone: FR}"

    country: Annotated[str, AfterValidator(_region)]


class Pad(Declared):
    """Zeros before a number that lost them, up to a length. What is not digits alone, or long enough, stays."""

    short = "to"
    example = "{pad: 6}"

    to: int = Field(ge=1, le=100)


class Replace(Declared):
    """A text replaced by another wherever it stands, exactly as it is written; by nothing, if `by` is left out."""

    example = '{replace: {text: "EMP-"}}'

    text: str = Field(min_length=1)
    by: str = ""


class Digits(Declared):
    """The digits of the cell alone. A cell without any holds the row."""


class Transform(Spec):
    """One entry of ``do``: exactly one transform."""

    trim: Trim | None = None
    case: Case | None = None
    nfc: Nfc | None = None
    nfkc: Nfkc | None = None
    transliterate: Transliterate | None = None
    split: Split | None = None
    template: Template | None = None
    map: MapValues | None = None
    lookup: Lookup | None = None
    boolean: Boolean | None = None
    default: Default | None = None
    address: Address | None = None
    phone: Phone | None = None
    pad: Pad | None = None
    replace: Replace | None = None
    digits: Digits | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {value: None}
        if not isinstance(value, dict) or value.keys() - cls.model_fields.keys():
            return value
        for name in [name for name, fields in value.items() if fields is None]:
            kind = DECLARED[name]
            if any(field.is_required() for field in kind.model_fields.values()) or kind is Lookup:
                raise ValueError(f"{name} needs to be told more, for example {kind.example}")
        return {name: {} if fields is None else fields for name, fields in value.items()}

    @model_validator(mode="after")
    def _one_alone(self) -> "Transform":
        if len(self.model_fields_set) != 1:
            raise ValueError("one transform is one entry of the list")
        return self

    @property
    def declared(self) -> Declared:
        """The one transform that this entry is."""
        (name,) = self.model_fields_set
        chosen: Declared = getattr(self, name)
        return chosen


def _kinds() -> dict[str, type[Declared]]:
    """Return each transform by its name, in the order of the documentation."""
    kinds: dict[str, type[Declared]] = {}
    for name, field in Transform.model_fields.items():
        kinds[name] = next(kind for kind in field.annotation.__args__ if kind is not type(None))  # type: ignore[union-attr]
    return kinds


DECLARED = _kinds()
