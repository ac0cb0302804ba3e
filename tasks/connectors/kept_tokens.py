"""Refresh tokens that a service has replaced: kept for the next run, a file each, for this user's eyes alone.

The pipeline names the first one for good, and a service that replaces tokens takes each of them once.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from filelock import AsyncFileLock
from pydantic import SecretStr

LONGEST_WAIT_S = 60.0
"""For another run that is asking with the same token: that takes the time of one call."""


class NoToken(ValueError):
    """What is kept is no token: the file was emptied, or broken. Says nothing of what it holds."""


@dataclass(frozen=True)
class Slot:
    """Where what has come in the place of one token is kept. Methods raise ``OSError``."""

    path: Path

    def alone(self) -> AsyncFileLock:
        """Return what keeps other runs from asking with the token that this one is about to use up.

        Entering it makes the folder and its file, so it raises ``OSError`` where nothing can be kept.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return AsyncFileLock(f"{self.path}.lock", timeout=LONGEST_WAIT_S, mode=0o600)

    def read(self) -> SecretStr | None:
        """Return the token that is good now, None if the first one was never replaced. Raises ``NoToken``."""
        try:
            kept = self.path.read_bytes().strip()
        except FileNotFoundError:
            return None
        if not kept.isascii() or not kept.decode("ascii").isprintable() or not kept:
            raise NoToken
        return SecretStr(kept.decode("ascii"))

    def write(self, token: SecretStr) -> None:
        """Keep *token* in the place of the one before it. The file is the old one or the new one, never half."""
        part = self.path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(token.get_secret_value())
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)


@dataclass(frozen=True)
class KeptTokens:
    """The folder of all of them. It is made when it is needed."""

    folder: Path

    def slot(self, client_id: SecretStr, first: SecretStr) -> Slot:
        """Return the place of what follows *first*, the token that the pipeline names, with this OAuth client."""
        known_by = "\0".join((client_id.get_secret_value(), first.get_secret_value()))
        return Slot(self.folder / hashlib.sha256(known_by.encode()).hexdigest()[:32])
