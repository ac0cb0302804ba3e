"""Read LDIF (RFC 2849) as tables: people and groups are tables of their own, by their class.

Read here and not by a library, since those at hand match names of entries with expressions that take for ever on
hostile ones, and copy a folded photo for each of its lines. Photos, passwords and what is no text are never kept.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import replace

from tasks.ingest.containers import Container
from tasks.ingest.files import ReadFile
from tasks.ingest.records import joined, no_such_records, table_of
from tasks.ingest.tables import RawTable, Reading
from tasks.model.errors import RejectedSource

CLASSES = (
    *("computer", "contact", "inetOrgPerson", "user", "organizationalPerson", "person", "residentialPerson"),
    *("groupOfUniqueNames", "groupOfNames", "groupOfURLs", "posixGroup", "group", "posixAccount", "account"),
    *("organizationalUnit", "organization", "dcObject", "domain", "container", "device", "applicationProcess"),
)
"""The classes that say what an entry is, the most telling first: in AD a computer is a user and a person too."""
PEOPLE = frozenset({"inetorgperson", "user", "organizationalperson", "person", "residentialperson"})

NEVER_KEPT = frozenset(
    {
        *(
            "userpassword",
            "unicodepwd",
            "authpassword",
            "sambantpassword",
            "sambalmpassword",
            "dbcspwd",
            "lmpwdhistory",
        ),
        *("ntpwdhistory", "supplementalcredentials", "krbprincipalkey", "krbextradata", "pwdhistory", "userpkcs12"),
        *("jpegphoto", "photo", "thumbnailphoto", "thumbnaillogo", "audio", "usercertificate", "usersmimecertificate"),
        *("cacertificate", "objectguid", "objectsid", "msexchmailboxguid", "sidhistory"),
    }
)
ATTRIBUTE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9.-]*(?:;[A-Za-z0-9-]+)*")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
NAMING = re.compile(r"\s*([A-Za-z][A-Za-z0-9.-]*)\s*=\s*((?:\\.|[^\\,+])*)")
REMEDY = "The export was probably cut off, or has failed: run it again."

Entry = dict[str, list[str]]


def read_ldif(file: ReadFile, reading: Reading) -> list[RawTable]:
    """Return a table for each class of entries, or one of the entries that are of the class ``records``.

    The first column is the entry's name (``dn``). Raises ``RejectedSource`` if it is no LDIF, holds changes instead
    of entries, or has no entries of that class.
    """
    spelling: dict[str, str] = {}
    kinds: dict[str, list[Entry]] = {}
    left_out: dict[str, dict[str, list[int]]] = {}
    binary: set[str] = set()
    for entry in _entries(file, binary, spelling):
        kind = _kind(entry, reading.records)
        entries = kinds.setdefault(kind, [])
        entries.append({spelling[name]: values for name, values in entry.items() if values})
        for name in [spelling[name] for name, values in entry.items() if not values]:
            left_out.setdefault(kind, {}).setdefault(name, []).append(len(entries) + 1)
    kinds.pop("", None)
    if not kinds:
        raise no_such_records(file, reading.records, sorted(_all_kinds(file)))
    unkept = {spelling[name] for name in binary if name in spelling}
    tables = {
        kind: table_of(
            file,
            kind,
            [{name: joined(values) for name, values in entry.items() if name not in unkept} for entry in entries],
            Container.LDIF,
        )
        for kind, entries in kinds.items()
    }
    return [
        replace(table, left_out={name: tuple(rows) for name, rows in left_out.get(kind, {}).items()})
        for kind, table in tables.items()
    ]


def is_people(kind: str | None) -> bool:
    """Tell whether entries of the class *kind* are people."""
    return (kind or "").lower() in PEOPLE


def _all_kinds(file: ReadFile) -> set[str]:
    return {_kind(entry, None) for entry in _entries(file, set(), {})}


def _kind(entry: Entry, wanted: str | None) -> str:
    """Return the class that the entry is listed under: *wanted* if it is one of its own, ``""`` if it is not."""
    classes = {name.lower(): name for name in entry.get("objectclass", [])}
    if wanted is not None:
        return wanted if wanted.lower() in classes else ""
    telling = next((classes[name.lower()] for name in CLASSES if name.lower() in classes), None)
    return telling or next(reversed(classes.values()), "(no class)")


def _entries(file: ReadFile, binary: set[str], spelling: dict[str, str]) -> Iterator[Entry]:
    """Yield the entries: values by the attribute's name in lower case, ``dn`` first; none of what is never kept.

    *spelling* takes up how names are first spelt. Attributes of which a value is no text are left out, and added to
    *binary*.
    """
    entry: Entry = {}
    for number, line in _logical_lines(file):
        if not line:
            if entry:
                yield _complete(file, entry, number, spelling)
            entry = {}
            continue
        spelt, value = _attribute(file, number, line)
        name = spelt.lower()
        if not entry and name == "version":
            continue
        if (name == "dn") == bool(entry):
            what = "has a second 'dn:'" if entry else "begins an entry without 'dn:'"
            raise _garbled(file, number, what)
        if name == "control" or (name == "changetype" and value != b"add"):
            raise file.rejected("holds changes of a directory, not its entries", "Export the entries (ldapsearch -L).")
        if name == "changetype":
            continue
        if name.partition(";")[0] in NEVER_KEPT or "binary" in name.split(";"):
            spelling.setdefault(name, spelt)
            entry.setdefault(name, [])
            continue
        text = _text(value)
        if text is None and name != "dn":
            binary.add(name)
        elif text is None:
            raise _garbled(file, number, "has a name that is no text")
        else:
            spelling.setdefault(name, spelt)
            entry.setdefault(name, []).append(text)
    if entry:
        yield _complete(file, entry, file.data.count(b"\n") + 1, spelling)


def _logical_lines(file: ReadFile) -> Iterator[tuple[int, bytes]]:
    """Yield the lines with the number where they begin: folded ones whole, comments left out."""
    parts: list[bytes] = []
    began = 0
    for number, line in enumerate(file.data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if line.startswith(b" ") and parts:
            parts.append(line[1:])
            continue
        if parts and not parts[0].startswith(b"#"):
            yield began, b"".join(parts)
        parts, began = [line], number
    if parts and not parts[0].startswith(b"#"):
        yield began, b"".join(parts)


def _attribute(file: ReadFile, number: int, line: bytes) -> tuple[str, bytes]:
    name, colon, rest = line.partition(b":")
    if not colon or not ATTRIBUTE.fullmatch(name):
        raise _garbled(file, number, "is no 'attribute: value'")
    key = name.decode("ascii")
    if rest.startswith(b"<"):
        raise file.rejected(
            f"refers to another file in line {number}, which is not read", "Export the values themselves.", line=number
        )
    if not rest.startswith(b":"):
        return key, rest.strip(b" ")
    try:
        return key, base64.b64decode(rest[1:].strip(b" "), validate=True)
    except binascii.Error:
        raise _garbled(file, number, "is no base64") from None


def _text(value: bytes) -> str | None:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if UNPRINTABLE.search(text) else text


def _complete(file: ReadFile, entry: Entry, number: int, spelling: dict[str, str]) -> Entry:
    """Return an entry with the attributes that name it, of which a name can have several, among its values."""
    if len(entry) == 1:
        raise _garbled(file, number, "ends an entry that has nothing but a name")
    position, name = 0, entry["dn"][0]
    while found := NAMING.match(name, position):
        attribute, value = found[1].lower(), re.sub(r"\\(.)", r"\1", found[2]).strip()
        spelling.setdefault(attribute, found[1])
        values = entry.setdefault(attribute, [])
        if value.lower() not in map(str.lower, values):
            values.append(value)
        if name[found.end() : found.end() + 1] != "+":
            break
        position = found.end() + 1
    return entry


def _garbled(file: ReadFile, number: int, what: str) -> RejectedSource:
    return file.rejected(f"is no whole LDIF: line {number} {what}", REMEDY, line=number)
