"""Open workbooks that have a password."""

import io
import re
from dataclasses import replace

from tasks.ingest.containers import OLE, Container
from tasks.ingest.files import File, ReadFile
from tasks.model.errors import RejectedSource

MAX_SPIN = 10_000_000
SPIN = re.compile(rb'spinCount="(\d+)"')
OPEN_DOCUMENT = "Save the workbook without a password, or as .xlsx with one."


def has_password(file: ReadFile) -> bool:
    """Tell whether *file* is a workbook that its password encrypts."""
    if file.container == Container.ENCRYPTED_WORKBOOK:
        return True
    return file.container == Container.XLS and _xls_is_encrypted(file.data)


def unlocked(file: File, password: str | None) -> File:
    """Return the file without its password.

    Raises ``RejectedSource`` if none is declared, it is not the right one, or the encryption is none that is known.
    """
    if not file.data.startswith(OLE):
        raise file.rejected("is an .ods workbook with a password, which is not read", OPEN_DOCUMENT)
    if password is None:
        raise file.rejected(
            "has a password", "Set sources.password to a reference, or save the workbook without a password."
        )
    if any(int(count) > MAX_SPIN for count in SPIN.findall(file.data)):
        raise file.rejected("says that its password takes hours to try", "Check that it is the right file.")
    return replace(file, data=_decrypted(file, password))


def _decrypted(file: ReadFile, password: str) -> bytes:
    from msoffcrypto import OfficeFile
    from msoffcrypto.exceptions import InvalidKeyError

    opened = io.BytesIO()
    try:
        office = OfficeFile(io.BytesIO(file.data))
        office.load_key(password=password, verify_password=True)
        office.decrypt(opened)
    except InvalidKeyError:
        raise _wrong(file) from None
    except Exception as exc:  # noqa: BLE001  (msoffcrypto lets anything through that a damaged file leads to)
        remedy = "Save it without a password, or export it again."
        raise file.rejected(
            "cannot be decrypted: it is damaged, or encrypted in a way that is not known",
            remedy,
            reason=type(exc).__name__,
        ) from None
    return opened.getvalue()


def _wrong(file: ReadFile) -> RejectedSource:
    return file.rejected("has another password than the declared one", "Correct what sources.password refers to.")


def _xls_is_encrypted(data: bytes) -> bool:
    from msoffcrypto import OfficeFile

    try:
        return bool(OfficeFile(io.BytesIO(data)).is_encrypted())
    except Exception:  # noqa: BLE001  (damaged: the reader of workbooks says so)
        return False
