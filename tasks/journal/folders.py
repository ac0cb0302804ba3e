"""Folders that are made where need be. What stands in the place of one is named, with what to do about it."""

from pathlib import Path

from tasks.model.errors import BadUsage


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, with mode 0700. Raises ``BadUsage`` as ``require_way``, else ``OSError``."""
    require_way(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def require_way(folder: Path) -> None:
    """Raise ``BadUsage`` where a file, or a link that leads nowhere, is in the place of a folder or of one above it."""
    for place in reversed((folder, *folder.parents)):
        if _is_folder(place):
            continue
        if place.is_symlink():
            raise BadUsage(
                f"{place} is a link that leads nowhere.",
                remedy=f"Mount what it leads to ({place.readlink()}), or remove it; then run the command again.",
            )
        if place.exists():
            raise BadUsage(
                f"{place} is a file, and there must be a folder.",
                remedy="Move it away, or name another folder; then run the command again.",
            )


def missing_above(path: Path) -> Path | None:
    """Return the topmost of the folders above *path* that is not there, None if all are."""
    return next((folder for folder in reversed(path.parents) if not _is_folder(folder)), None)


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except PermissionError:  # that it may not be looked at is told by who tries to use it
        return True
