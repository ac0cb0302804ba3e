"""Read and validate the pipeline file; name everything that is wrong with it, by line, before anything is opened.

A source's relative path is looked for in the pipeline file's own folder first, then in the current one: ingest does
that with ``LoadedPipeline.folder``.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rapidfuzz import fuzz, process

from tasks.model.errors import BadPipeline
from tasks.model.fields import REFERENCE as SECRET_REFERENCE
from tasks.model.pipeline import Pipeline
from tasks.model.plan import digest
from tasks.model.sources import Source
from tasks.pipeline_file import plain_yaml
from tasks.pipeline_file.checks import cross_check, translate
from tasks.pipeline_file.lookups import read_lookups
from tasks.pipeline_file.plain_yaml import Node, Problem, write_path
from tasks.pipeline_file.secrecy import REFERENCE, can_hold_secrets, in_references, is_place, is_secret, misused
from tasks.pipeline_file.unconfirmed import Unconfirmed, find_unconfirmed
from tasks.pipeline_file.wording import either, listing

MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class LoadedPipeline:
    """A valid pipeline file.

    ``mapping_hash`` covers how sources are read and mapped, ``rules_hash`` all else that shapes a plan; neither
    covers secrets, URLs, limits, freezes, examples or notices, nor how the file is laid out. ``text_sha256`` is of its
    bytes. ``unconfirmed`` are the places that somebody has yet to confirm before anything is planned.
    """

    pipeline: Pipeline
    path: Path
    folder: Path
    mapping_hash: str
    rules_hash: str
    text_sha256: str
    unconfirmed: tuple[Unconfirmed, ...] = ()


def load_pipeline(path: Path, environ: Mapping[str, str]) -> LoadedPipeline:
    """Read the pipeline file at *path*, with ``${NAME}`` outside of secrets taken from *environ*.

    Raises ``BadPipeline`` naming every error of the file: its line, the key, what is wrong and what would be right.
    No value of a secret or of a variable is ever part of the message.
    """
    data = _read_bytes(path)
    text = _decode(path, data)
    node, problems = plain_yaml.read(text)
    pipeline = None
    if node is None:
        problems = problems or [Problem(1, (), "the file is empty")]
    elif not isinstance(node.value, dict):
        problems.append(Problem(node.line, (), "a pipeline file is a mapping of keys to values"))
    else:
        secrets = misused(node, environ)
        if secrets:  # what else is wrong is said once no message can have a secret's value in it
            raise _bad(path, secrets)
        expanded = _expand(node, (), environ, problems)
        problems += read_lookups(node, expanded, path.absolute().parent)
        problems += cross_check(node, expanded)
        pipeline = _build(node, expanded, problems)
        problems = in_references(problems, node, environ)
    if node is None or pipeline is None or problems:
        raise _bad(path, problems)
    return LoadedPipeline(
        pipeline=pipeline,
        path=path,
        folder=path.absolute().parent,
        mapping_hash=_mapping_hash(pipeline),
        rules_hash=_rules_hash(pipeline),
        text_sha256=hashlib.sha256(data).hexdigest(),
        unconfirmed=find_unconfirmed(text, node),
    )


# Reading the bytes -------------------------------------------------------------------------------------------------


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as exc:
        reason = "it is a folder" if path.is_dir() else exc.strerror or type(exc).__name__
        raise BadPipeline(f"{path} cannot be read as a pipeline file: {reason}.", path=str(path)) from exc
    if len(data) > MAX_BYTES:
        raise BadPipeline(f"{path} is larger than 1 MiB: this is no pipeline file.", path=str(path))
    return data


def _missing(path: Path) -> BadPipeline:
    if not path.parent.is_dir():
        return BadPipeline(f"There is no folder {path.parent}, so no {path.name} in it.", path=str(path))
    there = sorted(item.name for item in path.parent.iterdir() if item.suffix in {".yaml", ".yml"})
    near = [name for name, _, _ in process.extract(path.name, there, scorer=fuzz.ratio, score_cutoff=50, limit=3)]
    remedy = f"Did you mean {either(near)}?" if near else ""
    if not near and there:
        remedy = f"Pipeline files there: {listing(there[:10])}."
    return BadPipeline(f"There is no file {path}.", remedy=remedy, path=str(path))


def _decode(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise _bad(path, [Problem(line, (), "this is not UTF-8; save the file as UTF-8")]) from exc


# Values from the environment ---------------------------------------------------------------------------------------


def _expand(node: Node, path: plain_yaml.Path, environ: Mapping[str, str], problems: list[Problem]) -> Any:
    """Return *node* as plain data with variables replaced, save in secret fields, which keep the reference."""
    if isinstance(node.value, dict):
        return {key: _expand(item, (*path, key), environ, problems) for key, item in node.value.items()}
    if isinstance(node.value, list):
        return [_expand(item, (*path, at), environ, problems) for at, item in enumerate(node.value)]
    if node.value is None or "${" not in node.value or is_secret(path):
        return node.value
    place = is_place(path)
    takes_blocks = place and (path[-1] == "database" or "://" in node.value)
    if "${" in (SECRET_REFERENCE if takes_blocks else REFERENCE).sub("", node.value):
        wrong = "is not a reference; write ${NAME}. ${block:NAME} is for secrets (auth, notify, passwords) alone"
        problems.append(Problem(node.line, path, wrong))
        return node.value
    unset = sorted({name for name in REFERENCE.findall(node.value) if name not in environ})
    problems += [Problem(node.line, path, f"the environment variable {name} is not set") for name in unset]
    expanded = REFERENCE.sub(lambda match: environ.get(match[1], match[0]), node.value)
    return node.value if place and can_hold_secrets(path, expanded) else expanded


# The outcome --------------------------------------------------------------------------------------------------------


def _build(node: Node, data: Any, problems: list[Problem]) -> Pipeline | None:
    """Return the pipeline, or None after adding to *problems*.

    What pydantic says of the file as a whole is left out where the cross-checks have already named the line.
    """
    try:
        return Pipeline.model_validate(data).needing_what_rules_test()
    except ValidationError as exc:
        problems += [item for item in translate(node, exc) if item.path or not problems]
        return None


def _bad(path: Path, problems: Iterable[Problem]) -> BadPipeline:
    ordered = sorted(set(problems), key=lambda item: (item.line, write_path(item.path), item.message))
    lines = [": ".join(filter(None, (f"{path}:{item.line}", write_path(item.path), item.message))) for item in ordered]
    count = "1 error" if len(lines) == 1 else f"{len(lines)} errors"
    return BadPipeline(
        f"The pipeline file {path} has {count}.",
        remedy="Correct this and run the command again:\n" + "\n".join(f"  {line}" for line in lines),
        path=str(path),
        problems=[{"line": item.line, "key": write_path(item.path), "message": item.message} for item in ordered],
    )


# Hashes --------------------------------------------------------------------------------------------------------------

READING = (
    "name", "query", "format", "member", "sheet", "records", "header_row", "header_rows", "delimiter", "quote",
    "encoding", "skip", "profile", "columns", "lacks", "dates", "suite",
)  # fmt: skip
SHAPING = ("timezone", "correlate", "adopt", "attributes", "rules", "exceptions", "lifecycle", "protect")


def _mapping_hash(pipeline: Pipeline) -> str:
    """Return the hash of how sources are read. Keys that are not used are not in it, so that a plan outlives a release
    that brings new ones."""
    sources = sorted(pipeline.sources, key=attrgetter("name"))
    return digest([_dump(source, READING, exclude_defaults=True) for source in sources])


def _rules_hash(pipeline: Pipeline) -> str:
    policy = _dump(pipeline, SHAPING)
    for rule in policy["rules"]:
        del rule["expect"]  # examples shape nothing
    return digest(
        {
            "policy": policy,
            "sources": [
                _dump(source, ("name", "snapshot", "blanks", *(["namespace"] if _shares(source) else [])))
                for source in sorted(pipeline.sources, key=attrgetter("name"))
            ],
            **({"precedence": _dump(pipeline, ("precedence",))} if pipeline.precedence else {}),
            "target": _dump(pipeline.target, ("name", "kind", "account_key", "managed", "notify_users", "directory")),
        }
    )


def _shares(source: Source) -> bool:
    return source.population != source.name


def _dump(model: Any, fields: Iterable[str], *, exclude_defaults: bool = False) -> Any:
    return model.model_dump(mode="json", by_alias=True, include=set(fields), exclude_defaults=exclude_defaults)
