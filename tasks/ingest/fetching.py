"""Get a source's file: from this machine, the newest that fits a pattern, or over http(s), sftp or s3.

Remote places are read through fsspec, with limits of time. User and password of a URL are references, looked up here;
no message, origin or log has them, nor a URL's query, which can hold a signature.
"""

import base64
import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from tasks.connectors.unlogged import unlogged
from tasks.ingest.archives import MAX_BYTES
from tasks.ingest.files import RosterFile, rejected
from tasks.model.errors import BadPipeline, RejectedSource
from tasks.model.fields import REFERENCE
from tasks.model.places import goes_in_clear, opened
from tasks.model.sources import REMOTE, Source, safe_place
from tasks.model.steering import printable

Resolve = Callable[[str], SecretStr]

PATTERN = re.compile(r"[*?\[]")
TRIES = 2
PAUSE_S = 0.2
STILL_S = 2.0
"""A file that was written less long ago is read twice: times of files can be as coarse."""
CONNECT_S, TOTAL_S = 20, 300


def no_secrets(ref: str) -> SecretStr:
    """Refuse to look a secret up: for callers whose sources have none."""
    raise BadPipeline(f"{ref} is a secret, and this command has none.", remedy="Run it from the pipeline.")


def fetch(source: Source, folder: Path, resolve: Resolve) -> RosterFile:
    """Return *source*'s file. A relative path is looked for in *folder*, then in the current one.

    Raises ``RejectedSource`` if there is nothing readable, or it changes while it is read.
    """
    place = source.path or ""
    if REFERENCE.search(place):  # what is still a reference stands for a URL with something secret in it
        place = resolved(place, resolve)
        if "://" not in place:
            raise BadPipeline(
                f"sources.path of {source.name} is no URL, once its variables are filled in.",
                remedy="Only a URL can have a user or a query. Write it as https://host/folder/file.csv?token=${TOKEN}.",
                source=source.name,
            )
    if "://" in place:
        return _fetch_remote(source, place)
    path = _newest(source, place, folder) if _is_pattern(place, folder) else _locate(source, folder)
    return RosterFile(path.name, _read(source, path), source)


def resolved(place: str, resolve: Resolve) -> str:
    """Return a place with its references looked up."""
    return opened(place, lambda reference: resolve(reference).get_secret_value())


# Local files ----------------------------------------------------------------------------------------------------------


def _tried(place: str, folder: Path) -> list[Path]:
    wanted = Path(place)
    return [wanted] if wanted.is_absolute() else list(dict.fromkeys([folder.absolute() / wanted, Path.cwd() / wanted]))


def _is_pattern(place: str, folder: Path) -> bool:
    """Tell whether a path is a pattern: a file that is called just so comes first."""
    return bool(PATTERN.search(place)) and not any(os.path.lexists(path) for path in _tried(place, folder))


def _newest(source: Source, pattern: str, folder: Path) -> Path:
    """Return the newest file that fits, of several as new the last by name; in the first folder that has any."""
    wanted = Path(pattern)
    folders = [Path(wanted.anchor)] if wanted.is_absolute() else list(dict.fromkeys([folder.absolute(), Path.cwd()]))
    below = str(wanted.relative_to(wanted.anchor))
    for place in folders:
        try:
            found = [path for path in place.glob(below) if path.is_file() and _fits(path.relative_to(place), wanted)]
            if found:
                return max(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
        except ValueError:
            raise BadPipeline(
                f"sources.path of {source.name} is no pattern that can be looked for.",
                remedy="'**' stands alone between slashes: out/**/hr_*.csv.",
                source=source.name,
            ) from None
        except OSError as exc:
            raise _unreadable(source, wanted.name, exc) from exc
    places = " or ".join(map(str, folders))
    raise rejected(
        source, wanted.name, f"does not exist: nothing in {places} is called like {pattern}", "Check the export."
    )


def _fits(path: Path, pattern: Path) -> bool:
    """Tell whether a file is whole, and in no hidden folder that the pattern does not name: programs write to such."""
    hidden = any(part.startswith(".") and part not in pattern.parts for part in path.parts)
    return not hidden and _is_whole(path.name)


def _is_whole(name: str) -> bool:
    """Tell a file from what a program keeps beside one it has open, or has not yet written to the end."""
    return not name.startswith(("~$", ".")) and not name.lower().endswith(
        (".part", ".partial", ".filepart", ".tmp", ".crdownload", ".download", "~")
    )


def _locate(source: Source, folder: Path) -> Path:
    """Return where the file is: an absolute path as it stands, else in *folder*, else in the current folder."""
    tried = _tried(source.path or "", folder)
    for path in tried:
        if os.path.lexists(path):
            return path
    places = " or ".join(str(path) for path in tried)
    raise rejected(source, tried[0].name, f"does not exist: there is no {places}", "Check sources.path and the export.")


def _read(source: Source, path: Path) -> bytes:
    try:
        if path.is_dir():
            raise rejected(source, path.name, "is a folder", "Let sources.path name a file.")
        if not path.exists():
            raise rejected(source, path.name, "is a link to a file that does not exist", "Check the export.")
        if not path.is_file():
            raise rejected(source, path.name, "is no regular file", "Let sources.path name a file.")
        return _still(source, path.name, lambda: _read_once(source, path))
    except OSError as exc:
        raise _unreadable(source, path.name, exc) from exc


def _unreadable(source: Source, name: str, exc: OSError) -> RejectedSource:
    reason = exc.strerror or type(exc).__name__
    return rejected(source, name, f"cannot be read: {reason}", "Check the rights of the account.")


@dataclass(frozen=True)
class _Bytes:
    data: bytes
    still: bool


def _still(source: Source, name: str, read: Callable[[], _Bytes]) -> bytes:
    """Return what *read* gives once it says that nothing changed meanwhile, in two tries."""
    for attempt in range(TRIES):
        found = read()
        if found.still:
            return found.data
        if attempt + 1 < TRIES:
            time.sleep(PAUSE_S)
    raise rejected(
        source,
        name,
        "changed while it was read, twice",
        "Run again when whoever writes it is done; have it written under another name and renamed at the end.",
    )


def _read_once(source: Source, path: Path) -> _Bytes:
    before = path.stat()
    data = _bounded(source, path)
    if time.time() - before.st_mtime < STILL_S:
        again = hashlib.sha256(_bounded(source, path)).digest()
        if again != hashlib.sha256(data).digest():
            return _Bytes(data, still=False)
    after = path.stat()
    same = (before.st_size, before.st_mtime_ns, before.st_ino) == (after.st_size, after.st_mtime_ns, after.st_ino)
    return _Bytes(data, still=same and len(data) == after.st_size)


def _bounded(source: Source, path: Path) -> bytes:
    with path.open("rb") as stream:
        return _not_too_large(source, path.name, stream.read(MAX_BYTES + 1))


def _not_too_large(source: Source, name: str, data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise rejected(source, name, f"is larger than {MAX_BYTES >> 20} MiB", "Check that it is the right file.")
    return data


# Remote files ---------------------------------------------------------------------------------------------------------


def _fetch_remote(source: Source, url: str) -> RosterFile:
    """Return a remote file; *url* has its credentials, so it goes nowhere but to the client."""
    try:
        parts = urlsplit(url)
    except ValueError:  # whose text has the URL's user and password in it
        raise BadPipeline(
            f"sources.path of {source.name} is no URL.",
            remedy="Write it as sftp://${SFTP_USER}:${SFTP_PASSWORD}@host/folder/file.csv.",
            source=source.name,
        ) from None
    name = PurePosixPath(unquote(parts.path)).name or safe_place(url)
    if "@" in parts.netloc and goes_in_clear(url):
        raise BadPipeline(
            f"sources.path of {source.name} sends a secret to another machine over plain http.",
            remedy="Write https://.",
            source=source.name,
        )
    if parts.scheme not in REMOTE:
        raise rejected(source, name, f"is at {parts.scheme}://, which is not read", f"Read are: {', '.join(REMOTE)}.")
    try:
        with unlogged("fsspec.http"), _opened(url) as files:
            path = _path(url)
            if PATTERN.search(path) and parts.scheme in ("s3", "sftp"):
                path = _newest_remote(source, files, path)
                name = PurePosixPath(path).name
            data = _still(source, name, lambda: _read_remote(source, name, files, path))
    except RejectedSource:
        raise
    except FileNotFoundError as exc:
        cause = exc.__cause__  # fsspec says so of whatever a web server answers, and where there is none
        if isinstance(cause, Exception) and parts.scheme != "s3" and _status(cause) not in (404, 410):
            raise _failed(source, name, url, cause) from None
        raise rejected(
            source,
            name,
            f"does not exist: there is nothing at {safe_place(url)}",
            "Check sources.path and the export.",
        ) from None
    except PermissionError:
        raise _no_entry(source, name, url) from None
    except Exception as exc:  # noqa: BLE001  (clients raise what they like, with URLs in their texts)
        raise _failed(source, name, url, exc) from None
    return RosterFile(printable(name), data, source)


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    """Give the file system that a URL is in, with credentials and limits of time; a connection is closed in the end."""
    files = _connected(url)
    try:
        yield files
    finally:
        if urlsplit(url).scheme == "sftp":
            files.client.close()


def _connected(url: str) -> Any:
    import fsspec

    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme in ("http", "https"):
        return fsspec.filesystem(parts.scheme, **_http(user, password), skip_instance_cache=True)
    if parts.scheme == "s3":
        keys = {"key": user, "secret": password} if user else {}
        config = {"connect_timeout": CONNECT_S, "read_timeout": CONNECT_S, "retries": {"max_attempts": 2}}
        return fsspec.filesystem("s3", config_kwargs=config, skip_instance_cache=True, use_listings_cache=False, **keys)
    return _sftp(parts.hostname or "", parts.port or 22, user, password)


def _http(user: str, password: str) -> dict[str, Any]:
    from aiohttp import ClientTimeout

    limits = {"timeout": ClientTimeout(total=TOTAL_S, connect=CONNECT_S), "trust_env": True}
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"client_kwargs": limits} | ({"headers": {"Authorization": f"Basic {login}"}} if user else {})


def _sftp(host: str, port: int, user: str, password: str) -> Any:
    """Return a connection to a server whose key is in the known hosts of this account; others are refused."""
    import paramiko
    from fsspec.implementations.sftp import SFTPFileSystem

    logging.getLogger("paramiko.transport").disabled = True  # its thread logs a traceback for each end; we say it

    class KnownServer(SFTPFileSystem):  # type: ignore[misc]
        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            self.client.load_system_host_keys()
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            try:
                self.client.connect(self.host, **self.ssh_kwargs)
                self.ftp = self.client.open_sftp()
            except BaseException:
                self.client.close()
                raise
            channel = self.ftp.get_channel()
            if channel is not None:
                channel.settimeout(CONNECT_S)

    limits = {"timeout": CONNECT_S, "banner_timeout": CONNECT_S, "auth_timeout": CONNECT_S}
    login = {key: value for key, value in (("username", user), ("password", password)) if value}
    return KnownServer(host, port=port, skip_instance_cache=True, **limits, **login)


def _path(url: str) -> str:
    """Return what the file system calls a file: a URL without credentials for http, else its path."""
    parts = urlsplit(url)
    where = parts.hostname or ""
    host = f"[{where}]" if ":" in where else where
    if parts.scheme in ("http", "https"):
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{host}{port}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    path = parts.path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
    bucket = parts.netloc.rpartition("@")[2]
    return f"{bucket}{path}" if parts.scheme == "s3" else path


def _newest_remote(source: Source, files: Any, pattern: str) -> str:
    found = files.glob(pattern, detail=True)
    whole: Iterable[dict[str, Any]] = (
        item
        for item in found.values()
        if item.get("type") != "directory" and _is_whole(PurePosixPath(item["name"]).name)
    )
    newest = max(whole, key=lambda item: (_modified(item), item["name"]), default=None)
    if newest is None:
        name = PurePosixPath(pattern).name
        raise rejected(
            source,
            name,
            f"does not exist: nothing is called like {safe_place(source.place)}",
            "Check the export.",
        )
    return str(newest["name"])


def _modified(item: dict[str, Any]) -> datetime:
    found = next((item[key] for key in ("LastModified", "mtime") if isinstance(item.get(key), datetime)), None)
    return found or datetime.min.replace(tzinfo=UTC)


def _read_remote(source: Source, name: str, files: Any, path: str) -> _Bytes:
    """Read a remote file once, and tell whether size, time and mark of its version were the same before and after."""
    before = _version(files, path)
    if before.get("size") and before["size"] > MAX_BYTES:
        raise rejected(source, name, f"is larger than {MAX_BYTES >> 20} MiB", "Check that it is the right file.")
    data = _not_too_large(source, name, _download(files, path))
    after = _version(files, path)
    whole = after.get("size") is None or after["size"] == len(data)
    return _Bytes(data, still=before == after and whole)


def _download(files: Any, path: str) -> bytes:
    """Return the first bytes of a remote file, at most one more than is allowed, in the time that is allowed."""
    over = time.monotonic() + TOTAL_S
    parts: list[bytes] = []
    size = 0
    with files.open(path, "rb", **({"block_size": 0} if path.startswith("http") else {})) as stream:
        _require_whole(stream)
        while size <= MAX_BYTES and (part := stream.read(1 << 22)):
            parts.append(part)
            size += len(part)
            if time.monotonic() > over:
                raise TimeoutError
    return b"".join(parts)


class _NotWholeError(Exception):
    """A web server answers, and not with a whole file: with a part that nobody asked for, or with "accepted"."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def _require_whole(stream: Any) -> None:
    """Raise ``_NotWholeError`` for a web server's answer with another success than 200 (RFC 9110 §15.3)."""
    status = getattr(getattr(stream, "r", None), "status", 200)
    if status != 200:
        raise _NotWholeError(status)


def _version(files: Any, path: str) -> dict[str, Any]:
    if path.startswith("http"):
        return {}  # many servers make a report anew for each call, and a broken one is noticed by its length
    files.invalidate_cache()
    info = files.info(path)
    return {"size": info.get("size"), "time": _modified(info), "mark": info.get("ETag")}


def _no_entry(source: Source, name: str, url: str) -> RejectedSource:
    return rejected(
        source,
        name,
        f"cannot be fetched: {safe_place(url)} refuses our credentials",
        "Check the user and the password.",
    )


def _failed(source: Source, name: str, url: str, exc: Exception) -> RejectedSource:
    status = _status(exc)
    kind = type(exc).__name__
    if status in (401, 403) or kind in ("AuthenticationException", "NoCredentialsError"):
        return _no_entry(source, name, url)
    if kind == "SSHException" and "known_hosts" in str(exc):
        return rejected(
            source,
            name,
            f"cannot be fetched: the key of {safe_place(url)} is not known here",
            "Compare it with what its owner tells you, and add it to the account's ~/.ssh/known_hosts.",
        )
    reason = f"it answers {status}" if status else kind
    return rejected(
        source,
        name,
        f"cannot be fetched from {safe_place(url)}: {reason}",
        "Try again later, or look at the server.",
    )


def _status(exc: BaseException | None) -> int | None:
    """Return the status of a web server's answer that *exc* comes from, if it does."""
    while exc is not None:
        found = getattr(exc, "status", None)
        if isinstance(found, int):
            return found
        exc = exc.__cause__
    return None
