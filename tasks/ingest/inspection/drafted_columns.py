"""The columns of a pipeline file that is proposed, and what they need: each with its reason."""

from collections.abc import Iterator, Sequence

from tasks.ingest.inspection import vocabulary
from tasks.ingest.inspection.columns import SURE, Proposal
from tasks.ingest.inspection.dates import DateReading
from tasks.ingest.inspection.examination import Examined
from tasks.ingest.inspection.tables import Cells
from tasks.ingest.inspection.texts import printable
from tasks.ingest.inspection.values import ACCOUNT_DISABLED, LISTED, meaning_of_status, several_values
from tasks.ingest.inspection.yaml_lines import CONFIRM, marked, rows_said, scalar
from tasks.model.tables import LIST_ATTRIBUTES, WORKER_ATTRIBUTES

PLACEHOLDER_DOMAIN = "example.invalid"
REFERENCE = "${"
MOST_WORDS, MOST_UNMAPPED = 30, 60
_YEAR_FIRST = "%Y-%m-%d"
FIRST_LINE = r'{split: {by: "\n", take: first, otherwise: keep}}'


def _usable(chosen: Examined) -> dict[str, tuple[Proposal, Cells]]:
    """Return proposal and column by attribute, in the order of the attributes; without those that cannot be mapped."""
    people = chosen.subject.people
    headings = [column.heading for column in people.columns]
    found = {}
    for column in people.columns:
        proposal = chosen.subject.proposals[column.name]
        mappable = column.heading and REFERENCE not in column.heading and headings.count(column.heading) == 1
        if proposal.attribute and mappable:
            found[proposal.attribute] = (proposal, column)
    return {name: found[name] for name in WORKER_ATTRIBUTES if name in found}


def columns(chosen: Examined, domain: str | None) -> Iterator[str]:
    usable = _usable(chosen)
    readings = {reading.column: reading for reading in chosen.subject.dates}
    for attribute in ("external_id", "user_name"):
        if attribute in usable:
            yield from _key_column(attribute, *usable[attribute], chosen, domain)
        elif attribute == "user_name" and "external_id" in usable:
            yield from _address_of_id(usable["external_id"][1], domain, chosen)
    for attribute, (proposal, column) in usable.items():
        if attribute in ("external_id", "user_name"):
            continue
        yield f"# {_reason(proposal, column)}"
        if attribute == "status":
            yield from _status(proposal, column)
        elif attribute in ("start_date", "end_date"):
            yield from _date_column(attribute, proposal, column, readings.get(column.name), chosen)
        else:
            yield from _plain_column(attribute, proposal, column, _several(chosen, attribute, column))
    yield from _names_of_full_name(usable, chosen)
    if "display_name" not in usable and not usable.keys() >= {"given_name", "family_name"}:
        yield "# The list does not have both names. Accounts that exist are kept; nobody new can be given one."
    yield from _unmapped(chosen, usable)


def _several(chosen: Examined, attribute: str, column: Cells) -> Sequence[int]:
    """Return the rows whose cell holds several values for an attribute of one."""
    lists = chosen.subject.table.container in LISTED and attribute not in LIST_ATTRIBUTES
    return several_values(column).tolist() if lists else ()


def _plain_column(attribute: str, proposal: Proposal, column: Cells, several: Sequence[int]) -> Iterator[str]:
    """Write a column as it stands; of cells with several values one, and which one it is to be, is asked."""
    if not several:
        yield marked(f"{attribute}: {scalar(column.heading)}", confirm=proposal.confidence < SURE)
        return
    yield _said_of_several(several)
    yield marked(f"{attribute}: {{from: {scalar(column.heading, flow=True)}, do: [{FIRST_LINE}]}}", confirm=True)


def _said_of_several(rows: Sequence[int]) -> str:
    return f"# Several values are in one cell, one a line: {rows_said(rows)}. Is the first the right one?"


def _reason(proposal: Proposal, column: Cells) -> str:
    counts = f"{len(column.filled)} filled, {len(column.values)} different"
    return printable(f"{round(100 * proposal.confidence)}% sure: {proposal.evidence}; {counts}")


def _key_column(
    attribute: str, proposal: Proposal, column: Cells, chosen: Examined, domain: str | None
) -> Iterator[str]:
    keys = {key.column: key for key in chosen.subject.keys}
    key = keys.get(column.name)
    why = f"; {key.why}" if key else ""
    yield f"# {_reason(proposal, column)}{printable(why)}"
    if key is not None and key.conflicting_rows:
        yield f"# Those {key.conflicting_rows} rows are held until each person has an id of their own."
    several = _several(chosen, attribute, column)
    if attribute == "user_name" and proposal.kind == vocabulary.LOGIN:
        yield from _address(column.heading, domain, confirm=domain is None, several=several)
    else:
        yield from _plain_column(attribute, proposal, column, several)


def _address_of_id(column: Cells, domain: str | None, chosen: Examined) -> Iterator[str]:
    yield "# The list has neither addresses nor login names: these are made of the ids."
    yield from _address(column.heading, domain, confirm=True, several=_several(chosen, "user_name", column))


def _address(heading: str, domain: str | None, *, confirm: bool, several: Sequence[int]) -> Iterator[str]:
    """Write an address as what stands before the @ and a domain; which domain, the list does not say."""
    if domain is None:
        yield "# The list has no addresses. How are they made, and of which domain?"
    made = f'template: "{{value}}@{domain or PLACEHOLDER_DOMAIN}"'
    if several:
        yield _said_of_several(several)
        made = f"do: [{FIRST_LINE}, {{{made}}}]"
    yield marked(f"user_name: {{from: {scalar(heading, flow=True)}, {made}}}", confirm=confirm or bool(several))


def _status(proposal: Proposal, column: Cells) -> Iterator[str]:
    """Write what each word of a status means. A word that is not known is not mapped: its rows are held."""
    kind = proposal.kind or "status"
    values = list(column.values[:MOST_WORDS])
    if kind == vocabulary.ACCOUNT_CONTROL:
        yield "# Its second bit says that an account is disabled. Numbers that are not here hold their rows."
        values = _with_twins(values)
    asked = any(meaning_of_status(value, kind)[0] is None for value in values)
    guessed = proposal.confidence < SURE or kind == vocabulary.ACCOUNT_CONTROL
    yield marked("status:", confirm=guessed and not asked)
    yield f"  from: {scalar(column.heading)}"
    yield "  map:"
    for value in values:
        meaning, sure = meaning_of_status(value, kind)
        if meaning is None:
            yield f"    # {scalar(value)} ({int(column.counts[value])} rows): active or inactive?  {CONFIRM}"
        else:
            yield marked(f"    {scalar(value)}: {meaning}", confirm=not sure)
    known = {meaning_of_status(value, kind)[0] for value in values}
    if kind in (vocabulary.ACTIVE_FLAG, vocabulary.INACTIVE_FLAG) and len(values) == 1:
        opposite = _opposite(values[0])
        if opposite:
            yield f"    {scalar(opposite)}: {'inactive' if 'active' in known else 'active'}"
    if known == {None}:
        yield "    active: active"


def _with_twins(values: list[str]) -> list[str]:
    """Return numbers of account control, each followed by what it becomes when its account is disabled or enabled.

    >>> _with_twins(["512", "514", "66048", "?"])
    ['512', '514', '66048', '66050', '?']
    """
    known = [(value, meaning_of_status(value, vocabulary.ACCOUNT_CONTROL)[0]) for value in values]
    twins = [(value, str(int(value) ^ ACCOUNT_DISABLED)) if meaning else (value,) for value, meaning in known]
    return list(dict.fromkeys(word for pair in twins for word in pair))


_OPPOSITES = {
    "yes": "no", "y": "n", "true": "false", "1": "0", "oui": "non", "o": "n", "vrai": "faux", "ja": "nein", "j": "n",
    "si": "no", "sí": "no", "sì": "no", "sim": "não", "はい": "いいえ", "x": "",
}  # fmt: skip


def _opposite(word: str) -> str | None:
    """Return the other word of a pair, written in the same way; None if it is not known."""
    pairs = {**_OPPOSITES, **{no: yes for yes, no in reversed(_OPPOSITES.items()) if no}}
    other = pairs.get(word.casefold())
    if not other:
        return None
    return other.upper() if word.isupper() else other.title() if word.istitle() else other


def _names_of_full_name(usable: dict[str, tuple[Proposal, Cells]], chosen: Examined) -> Iterator[str]:
    """Write first name and surname as parts of the whole name, where the list has nothing else."""
    if "display_name" not in usable or usable.keys() & {"given_name", "family_name"}:
        return
    column = usable["display_name"][1]
    heading = scalar(column.heading, flow=True)
    commas = column.filled.str.count(",").eq(1).mean() > 0.9
    by, family, given = ('","', "first", "rest") if commas else ('" "', "last", "first")
    yield "# The list has whole names only, and accounts need both parts. Is this how they are written?"
    first = f"{FIRST_LINE}, " if _several(chosen, "display_name", column) else ""
    for attribute, part in (("given_name", given), ("family_name", family)):
        parted = f"{{split: {{by: {by}, take: {part}}}}}"
        yield marked(f"{attribute}: {{from: {heading}, do: [{first}{parted}, trim]}}", confirm=True)


def _unmapped(chosen: Examined, usable: dict[str, tuple[Proposal, Cells]]) -> Iterator[str]:
    mapped = {column.heading for _, column in usable.values()}
    columns = {column.heading: column for column in chosen.subject.people.columns if column.heading not in mapped}
    left = [column for heading, column in columns.items() if heading]
    for column in left[:MOST_UNMAPPED]:
        yield f"# not mapped: {printable(scalar(column.heading))}{_why_not(chosen, column)}"
    if left[MOST_UNMAPPED:]:
        yield f"# nor are {len(left) - MOST_UNMAPPED} more columns"


def _why_not(chosen: Examined, column: Cells) -> str:
    headings = [other.heading for other in chosen.subject.people.columns]
    if headings.count(column.heading) > 1:
        return f": it stands over {headings.count(column.heading)} columns"
    if REFERENCE in column.heading:
        return f": '{REFERENCE}' stands for a variable in this file; rename the column"
    proposal = chosen.subject.proposals[column.name]
    told = proposal.kind in vocabulary.UNMAPPED and proposal.kind != vocabulary.OTHER
    return f"{f' ({proposal.kind})' if told else ''}: {printable(proposal.evidence)}"


def lacks(chosen: Examined) -> Iterator[str]:
    usable = _usable(chosen)
    if usable.keys() & {"external_id", "user_name"}:
        return
    yield "# The list has no ids, addresses or login names: nobody in it can be provisioned, all rows are held."
    yield "# Ask for a list that has them, map the columns, and delete this line. Or check it as it is?"
    yield marked("lacks: [external_id, user_name]", confirm=True)


def _mapped_readings(chosen: Examined) -> list[DateReading]:
    names = {column.name for name, (_, column) in _usable(chosen).items() if name in ("start_date", "end_date")}
    return [reading for reading in chosen.subject.dates if reading.column in names]


def _format_of_source(chosen: Examined) -> str | None:
    """Return the format of the list's dates; None if one of its columns cannot be read for certain."""
    readings = [reading for reading in _mapped_readings(chosen) if not reading.serial_rows]
    if any(reading.ambiguous for reading in readings):
        return None
    texts = [reading.format for reading in readings if reading.format and reading.written != "date cells"]
    return texts[0] if texts else _YEAR_FIRST


def _date_column(
    attribute: str, proposal: Proposal, column: Cells, reading: DateReading | None, chosen: Examined
) -> Iterator[str]:
    if reading is not None and reading.serial_rows:
        yield f"# Left out: {len(reading.serial_rows)} cells are numbers of days ({rows_said(reading.serial_rows)}), no"
        yield "# dates. Have the column formatted as dates, and take the sign away."
        yield f"# {attribute}: {scalar(column.heading)}"
        return
    own = reading.format if reading is not None and reading.written != "date cells" else None
    if own is None or own == _format_of_source(chosen):
        yield marked(f"{attribute}: {scalar(column.heading)}", confirm=proposal.confidence < SURE)
        return
    yield f"# proven by {rows_said(reading.proof_rows if reading else ())}"
    yield f"{attribute}: {{from: {scalar(column.heading, flow=True)}, dates: {scalar(own)}}}"


def dates(chosen: Examined) -> Iterator[str]:
    readings = [reading for reading in _mapped_readings(chosen) if not reading.serial_rows]
    if not readings:
        return
    form = _format_of_source(chosen)
    if form is None:
        yield from _unsure_dates([reading for reading in readings if reading.ambiguous])
        return
    for reading in readings:
        if reading.format == form and reading.proof_rows:
            yield f"# column {scalar(reading.column)}: proven by {rows_said(reading.proof_rows)}"
    yield f"dates: {scalar(form)}"


def _unsure_dates(readings: Sequence[DateReading]) -> Iterator[str]:
    for reading in readings:
        fitting = " or ".join(scalar(form) for form in reading.candidates)
        if reading.contradicting and len(reading.contradicting) > 1:
            yield f"# column {scalar(reading.column)} is written in several ways, and no one format reads all:"
            for form, rows in reading.contradicting.items():
                yield f"#   {scalar(form)} reads {rows_said(rows)}"
        else:
            which = rows_said(reading.ambiguous_rows).capitalize()
            yield f"# {which} can be read in several ways, and nothing proves which is meant."
            yield f"# column {scalar(reading.column)}: {fitting}? Write the right one in the place of 'ambiguous'."
    yield marked("dates: ambiguous", confirm=True)
