"""The run store: one folder a run, for what can be made again. Readable by its owner only."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tasks.journal.folders import make_folder
from tasks.model.errors import BadUsage, RosterflowError

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

ANEW = "What a run leaves can be made again: run check, plan or sync once more, and go on with that run."
OTHER_HOME = "If the run was made with another ROSTERFLOW_HOME, set that."
_OUR_METADATA = b"rosterflow"
_WORTH_THREADS = 1 << 20  # bytes: to share a smaller table out takes longer than to read it
_SECOND = "%Y%m%d-%H%M%S"
_FORM = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


def new_run_id(now: datetime, after: str | None = None) -> str:
    """Return a run's id: when it began, to the microsecond. It sorts after the id *after*, whatever the clock says.

    >>> new_run_id(datetime(2026, 3, 31, 2, 0, 5, 41772))
    '20260331-020005-041772'
    >>> new_run_id(datetime(2026, 3, 31, 2, 0, 5), after="20260331-020005-041772")
    '20260331-020005-041773'

    Ids used to end with six random hexadecimal digits, so nothing sorts after all of those but the next second:

    >>> new_run_id(datetime(2026, 3, 31, 2, 0, 5), after="20260331-020005-0a1b2c")
    '20260331-020006-000000'
    """
    wanted = f"{now:{_SECOND}-%f}"
    return wanted if after is None or wanted > after else _next(after)


def _next(run_id: str) -> str:
    second, _, rest = run_id.rpartition("-")
    step = timedelta(microseconds=int(rest) + 1) if rest.isdigit() else timedelta(seconds=1)
    return f"{datetime.strptime(second, _SECOND) + step:{_SECOND}-%f}"  # noqa: DTZ007 - all ids are in UTC


def is_run_id(name: str) -> bool:
    """Tell whether a name is a run's id: one that another can follow.

    >>> is_run_id("20260331-020005-041772"), is_run_id("20269999-999999-000000"), is_run_id("99991231-235959-999999")
    (True, False, False)
    """
    if _FORM.fullmatch(name) is None:
        return False
    try:
        _next(name)
    except (ValueError, OverflowError):
        return False
    return True


def require_home(home: Path) -> None:
    """Raise ``BadUsage`` where there is no home, for who only reads what is in it: to make one would hide the loss."""
    if not home.is_dir():
        raise BadUsage(
            f"There is no folder {home.absolute()}, so nothing is known of any run.",
            remedy=f"If it was moved, or its disk is missing, put it back first. {OTHER_HOME} If there was no run yet: "
            "'rosterflow demo' makes some.",
        )


class RunStore:
    """The folders of all runs."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def new(self, now: datetime, after: str | None = None) -> "RunFolder":
        """Make the folder of a run that begins *now*, with mode 0700. Its name is the run's id.

        The id sorts after those of all runs that have a folder here, and after *after*; two processes that begin at
        one moment get two.
        """
        try:
            return self._new(now, after)
        except OSError as exc:
            raise RosterflowError(
                f"No folder for a run could be made in {self.root}: {exc.strerror or type(exc).__name__}.",
                remedy="See to it that the folder can be written and its disk has room.",
            ) from exc

    def _new(self, now: datetime, after: str | None) -> "RunFolder":
        make_folder(self.root)
        latest = max(filter(is_run_id, (after or "", *self.run_ids())), default=None)
        while True:
            latest = new_run_id(now, latest)
            with suppress(FileExistsError):
                (self.root / latest).mkdir(mode=0o700)
                return RunFolder(self.root / latest)

    def run_ids(self) -> list[str]:
        """Return the ids of the runs that have a folder here, oldest first."""
        return sorted(folder.name for folder in self.root.iterdir() if is_run_id(folder.name))

    def create(self, run_id: str) -> "RunFolder":
        """Return the folder of a run, made if need be, with mode 0700."""
        make_folder(self.root)
        folder = self.root / run_id
        folder.mkdir(mode=0o700, exist_ok=True)
        return RunFolder(folder)

    def open(self, run_id: str) -> "RunFolder":
        """Return the folder of a run. Raises ``BadUsage`` if it is not there."""
        folder = self.root / run_id
        if not folder.is_dir():
            raise BadUsage(f"The folder of run {run_id} is not in {self.root}.", remedy=OTHER_HOME, run_id=run_id)
        return RunFolder(folder)


@dataclass(frozen=True)
class RunFolder:
    """What one run left: files by name."""

    root: Path

    def path(self, name: str) -> Path:
        return self.root / name

    def write_bytes(self, name: str, data: bytes) -> Path:
        """Write a file whole or not at all, with mode 0600."""
        path = self.path(name)
        part = path.with_name(f".{path.name}.part")
        try:
            with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as exc:
            raise RosterflowError(
                f"{path} could not be written: {exc.strerror or type(exc).__name__}.",
                remedy="Make room on that disk, or see to it that the folder is there and can be written. Then run the "
                "same command again.",
            ) from exc
        return path

    def load_json(self, name: str, make: Callable[[Any], T]) -> T:
        """Return what *make* makes of a file of JSON. Raises ``BadUsage`` if it is not there or is broken."""
        return self.load(name, lambda data: make(json.loads(data)))

    def load(self, name: str, make: Callable[[bytes], T]) -> T:
        """Return what *make* makes of a file. Raises as ``load_json``."""
        with self._reading(name):
            return make(self.path(name).read_bytes())

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        path = self.path(name)
        try:
            yield
        except OSError as exc:
            why = exc.strerror or type(exc).__name__
            raise BadUsage(f"{path} cannot be read: {why}.", remedy=ANEW, file=name) from exc
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            what = f"{path} is broken: it does not hold what a run has left there."
            raise BadUsage(what, remedy=ANEW, file=name) from exc

    def save_table(self, name: str, table: "pd.DataFrame") -> Path:
        """Write a table to ``name.parquet`` so that ``load_table`` gives it back: dtypes, index, tuples in cells."""
        import pyarrow as pa  # heavy, and most commands write no table
        import pyarrow.parquet as pq

        objects = [column for column in table.columns if table[column].dtype == object]
        plain = table.copy()
        for column in objects:
            plain[column] = table[column].map(_to_json).astype("str")
        arrow = pa.Table.from_pandas(plain)
        ours = {"objects": objects, "dtypes": {name: str(dtype) for name, dtype in table.dtypes.items()}}
        arrow = arrow.replace_schema_metadata({**arrow.schema.metadata, _OUR_METADATA: json.dumps(ours)})
        sink = pa.BufferOutputStream()
        pq.write_table(arrow, sink)
        return self.write_bytes(f"{name}.parquet", sink.getvalue().to_pybytes())

    def load_table(self, name: str) -> "pd.DataFrame":
        """Read a table back. Raises ``BadUsage`` if the run left none of that name, or it is broken."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path(f"{name}.parquet")
        if not path.exists():
            what = f"The run left no table {name}: {path} is not there."
            raise BadUsage(what, remedy="Run it again.", file=path.name)
        with self._reading(path.name):
            data = path.read_bytes()
            threads = len(data) > _WORTH_THREADS
            arrow = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=threads)
            ours = json.loads(arrow.schema.metadata[_OUR_METADATA])
            table: pd.DataFrame = arrow.to_pandas(use_threads=threads)
            for column in ours["objects"]:
                table[column] = table[column].astype(object).map(_from_json)
            there = {name: str(dtype) for name, dtype in table.dtypes.items()}
            other = {name: dtype for name, dtype in ours["dtypes"].items() if dtype != there[name]}
            return table.astype(other) if other else table  # most are as they were, and to convert none takes as long


def _to_json(value: Any) -> str | None:
    if value is None or value != value:  # NaN is unlike itself
        return None
    return json.dumps(value, ensure_ascii=False)


def _from_json(value: Any) -> Any:
    return _tuples(json.loads(value)) if isinstance(value, str) else None


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
