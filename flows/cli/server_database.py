"""Whether Prefect's temporary server can keep its database: without, it would be waited for in vain."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

LEAST_BYTES = 1_000_000
"""With less room than this on its disk, the server makes no tables and writes down no run."""


def _room(folder: Path) -> int:
    """Return how many bytes this user may still write there: root may write those that are reserved, too."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        disk = os.statvfs(folder)
        return disk.f_bfree * disk.f_frsize
    return shutil.disk_usage(folder).free


def trouble_with(database: Path) -> str:
    """Return what is wrong with the file of the database or its disk, in words that follow 'cannot start: '; empty if
    nothing is. One that is not there yet is made by the server."""
    folder = next((one for one in database.parents if one.is_dir()), database.parent)
    try:
        free = _room(folder)
    except OSError:
        return ""  # that is for the server to find out
    if free < LEAST_BYTES:
        return f"the disk of {folder}, where it keeps its database, has {free // 1000} kB left"
    if database.is_file() and database.stat().st_size:
        try:
            with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as conn:
                conn.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            return ""  # locked, or not ours to read here
        except sqlite3.DatabaseError as error:
            return f"its database {database} cannot be used ({error})"
    return ""
