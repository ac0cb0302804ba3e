"""Take the roster out of a zip file: the only file in it, or the declared member."""

import io
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import PurePosixPath

from rapidfuzz import fuzz, process

from tasks.ingest.containers import ZIP_DAMAGE
from tasks.ingest.files import MOST_SHOWN, File, ReadFile, shortened
from tasks.model.steering import printable

MAX_BYTES = 512 * (1 << 20)
MAX_RATIO = 200
RATIO_COUNTS_FROM = 100 * (1 << 20)
ENCRYPTED = 0x1
AES = 99
REMEDY = "Pack it again."


def unpacked(file: File, member: str | None, password: str | None) -> File:
    """Return the file in the zip *file*, called ``outer.zip/inner.csv``.

    Raises ``RejectedSource`` if it is damaged, would unpack to far more than a roster can be, holds several files
    and *member* names none of them, or needs another password.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(file.data)) as package:
            chosen = _chosen(file, package, member)
            _check(file, chosen, password)
            with package.open(chosen, pwd=password.encode() if password else None) as part:
                data = part.read(MAX_BYTES + 1)
    except ZIP_DAMAGE as exc:
        raise file.rejected(
            "cannot be unpacked: it is damaged, or packed in a way that is not known", REMEDY, reason=type(exc).__name__
        ) from None
    except RuntimeError:  # what zipfile raises for a wrong password
        raise file.rejected(
            "has another password than the declared one", "Correct what sources.password refers to."
        ) from None
    return replace(file, name=f"{file.name}/{printable(chosen.filename)}", data=data)


def _chosen(file: ReadFile, package: zipfile.ZipFile, member: str | None) -> zipfile.ZipInfo:
    there = {info.filename: info for info in package.infolist() if _is_content(info)}
    names = list(there)
    if len(names) != sum(map(_is_content, package.infolist())):
        twice = [name for name, count in Counter(package.namelist()).items() if count > 1]
        raise file.rejected(f"has two files of one name: {shortened(twice)}", REMEDY)
    if member is None and len(names) == 1:
        return there[names[0]]
    if not names:
        raise file.rejected("is a zip file with nothing in it", "The export has probably failed: run it again.")
    if member is None:
        raise file.rejected(
            f"is a zip file with {len(names)} files: {shortened(names)}", "Set sources.member to the roster's name."
        )
    if member in there:
        return there[member]
    near = process.extractOne(member, names, scorer=fuzz.ratio, processor=str.lower, score_cutoff=60)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise file.rejected(
        f"has no file '{member}' in it; its files: {shortened(names)}",
        f"Correct sources.member, or the export.{hint}",
        members=names[:MOST_SHOWN],
    )


def _is_content(info: zipfile.ZipInfo) -> bool:
    """Tell files from folders and from what systems add."""
    path = PurePosixPath(info.filename)
    return not (info.is_dir() or path.name.startswith(".") or "__MACOSX" in path.parts or path.name == "Thumbs.db")


def _check(file: ReadFile, info: zipfile.ZipInfo, password: str | None) -> None:
    bloated = info.file_size > RATIO_COUNTS_FROM and info.file_size > MAX_RATIO * max(1, info.compress_size)
    if info.file_size > MAX_BYTES or bloated:
        raise file.rejected(
            f"would unpack to {info.file_size >> 20} MiB, which no roster needs", "Check that it is the right file."
        )
    if info.compress_type == AES:
        raise file.rejected(
            "is encrypted with AES, which is not read",
            "Pack it with the older method (ZipCrypto), or give the workbook in it a password.",
        )
    if info.flag_bits & ENCRYPTED and password is None:
        raise file.rejected("has a password", "Set sources.password to a reference, or pack it without a password.")
