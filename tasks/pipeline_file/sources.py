"""What is wrong with how a source is to be read. On data that nothing has typed yet."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from tasks.model.fields import REFERENCE
from tasks.model.sources import REMOTE
from tasks.pipeline_file.plain_yaml import Path
from tasks.pipeline_file.wording import either

Found = Iterator[tuple[Path, str]]

WORKBOOKS, TEXT, RECORDS = ("xlsx", "xls", "xlsb", "ods"), ("delimited",), ("json", "jsonl", "xml", "ldif")
FORMATS = {
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls", ".xlsb": "xlsb", ".ods": "ods", ".csv": "delimited",
    ".tsv": "delimited", ".tab": "delimited", ".txt": "delimited", ".json": "json", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".xml": "xml", ".ldif": "ldif", ".ldf": "ldif", ".parquet": "parquet",
}  # fmt: skip
FITTING = {
    "sheet": (WORKBOOKS, "is for workbooks"),
    "delimiter": (TEXT, "is for text files"),
    "quote": (TEXT, "is for text files"),
    "encoding": ((*TEXT, "json", "jsonl"), "is for text files"),
    "records": (("json", "xml", "ldif"), "is for JSON, XML and LDIF"),
    "header_row": ((*WORKBOOKS, *TEXT), "is for workbooks and text files"),
    "header_rows": ((*WORKBOOKS, *TEXT), "is for workbooks and text files"),
    "password": (WORKBOOKS, "is for workbooks and zip files"),
}
OF_FILES = ("format", "member", *FITTING)
NAMES = {
    "delimited": "a text file and has no sheets", **dict.fromkeys(WORKBOOKS, "a workbook"), "json": "JSON",
    "jsonl": "JSON Lines", "xml": "XML", "ldif": "LDIF", "parquet": "Parquet",
}  # fmt: skip
PASSWORD_IN_CLEAR = re.compile(r"://[^/?#@]*:[^/?#@]+@")
PASSWORD_OF_DATABASE = re.compile(r"://[^/?#@:]*:[^@?]+@")
"""SQLAlchemy takes all up to the last @ for the password, strokes as well."""
SECRET_IN_QUERY = re.compile(
    r"[?&](?:(?:x-amz-)?(?:signature|credential|security-token)|sig|\w*token|\w*key|code|pass\w*|pwd|secret|auth)=(?!\$\{)",
    re.IGNORECASE,
)
SECRET_OF_ODBC = re.compile(r"(?:[;={]|%3B|%3D|%7B)(?:pwd|password)(?:=|%3D)(?!\$\{)", re.IGNORECASE)
IN_CLEAR = "holds a password in clear: write ${NAME} or ${block:NAME} in its place"


def check_source(source: dict[str, Any], written: dict[str, Any]) -> Found:
    """Yield where in *source*, and what, is wrong; *written* is the same with its references unexpanded."""
    place, database = source.get("path"), source.get("database")
    for key, password in (("path", PASSWORD_IN_CLEAR), ("database", PASSWORD_OF_DATABASE)):
        if _in_clear(written.get(key), password):
            yield (key,), IN_CLEAR
    if database is not None:
        yield from _check_database(source)
    elif place is None:
        yield (), "has neither a path nor a database: say where the roster is"
    elif isinstance(place, str) and "${" not in place:
        yield from _check_place(place)
        yield from _check_fitting(source, place)
    yield from _check_dialect(source)
    if database is None and source.get("query") is not None:
        yield ("query",), "is for databases"


def _check_dialect(source: dict[str, Any]) -> Found:
    for key in ("delimiter", "quote"):
        if source.get(key) in ("\n", "\r"):
            yield (key,), "is a line break, which ends a row"
    if source.get("quote") is not None and source.get("quote") == source.get("delimiter", ","):
        yield ("quote",), "is the delimiter too"


def _in_clear(place: Any, password: re.Pattern[str]) -> bool:
    if not isinstance(place, str) or "://" not in place:
        return False
    if password.search(REFERENCE.sub("", place)):
        return True
    return any(secret.search(place) for secret in (SECRET_IN_QUERY, SECRET_OF_ODBC))


def _check_database(source: dict[str, Any]) -> Found:
    if source.get("path") is not None:
        yield ("database",), "stands beside a path: a source is one or the other"
    if source.get("query") is None:
        yield (), "needs a query: what is to be asked of the database"
    for key in OF_FILES:
        if source.get(key) is not None:
            yield (key,), "is for files, not for databases"


def _check_place(place: str) -> Found:
    scheme, found, rest = place.partition("://")
    if found and scheme not in REMOTE:
        yield (
            ("path",),
            f"begins with {scheme}://, which is not read; valid are a path, or a URL of {either([*REMOTE])}",
        )
    elif scheme in ("http", "https") and re.search(r"[*\[]", rest.partition("/")[2]):
        yield (
            ("path",),
            "is a pattern, and a web server cannot be asked for its files; valid are sftp, s3 and local paths",
        )


def _check_fitting(source: dict[str, Any], place: str) -> Found:
    """Yield the keys that say nothing of a file of this kind; what is packed in a zip file is known when it is read."""
    suffix = PurePosixPath(place.partition("?")[0]).suffix.lower()
    declared = source.get("format")
    kind = declared if declared in FORMATS.values() else FORMATS.get(suffix)
    if source.get("member") is not None and suffix in FORMATS:
        yield ("member",), f"is for zip files; {suffix} is {NAMES[FORMATS[suffix]]}"
    if kind is None or (suffix == ".zip" and not declared):
        return
    for key, (kinds, words) in FITTING.items():
        if source.get(key) is not None and kind not in kinds and not (key == "password" and suffix == ".zip"):
            name = suffix if FORMATS.get(suffix) == kind else f"format {kind}"
            yield (key,), f"{words}; {name} is {NAMES[kind]}"
