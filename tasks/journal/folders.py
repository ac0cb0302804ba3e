"""Folders that are made where need be. What stands in the place of one is named, with what to do about it."""

from pathlib import Path
from stat import S_IFDIR, S_ISDIR

from tasks.model.errors import BadUsage


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, with mode 0700. Raises ``BadUsage`` as ``require_way``, else ``OSError``."""
    require_way(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def require_way(folder: Path) -> None:
    """Raise ``BadUsage`` where a file, or a link that leads nowhere, is in the place of a folder or of one above it."""
    for place in reversed((folder, *folder.parents)):
        found = _mode(place)
        if found is None and place.is_symlink():
            raise BadUsage(
                f"{place} is a link that leads nowhere.",
                remedy=f"Mount what it leads to ({place.readlink()}), or remove it; then run the command again.",
            )
        if found is not None and not S_ISDIR(found):
            raise BadUsage(
                f"{place} is a file, and there must be a folder.",
                remedy="Move it away, or name another folder; then run the command again.",
            )


def missing_above(path: Path) -> Path | None:
    """Return the topmost of the folders above *path* that is not there, None if all are."""
    return next((folder for folder in reversed(path.parents) if not _is_folder(folder)), None)


def _is_folder(place: Path) -> bool:
    return S_ISDIR(_mode(place) or 0)


def _mode(place: Path) -> int | None:
    """Return the mode of what is there, looked at once: another process may make a folder at this moment."""
    try:
        return place.stat().st_mode
    except PermissionError:  # that it may not be looked at is told by who tries to use it
        return S_IFDIR
    except OSError:  # nothing, or a link that leads nowhere
        return None
