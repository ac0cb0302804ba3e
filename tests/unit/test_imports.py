"""Imports point one way: flows -> stages -> journal, connectors -> model. Prefect only in flows and steps."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAGES = {"doctor", "ingest", "validate", "plan", "provision", "report"}
ALLOWED = {
    "model": set(),
    "sandbox": {"model"},
    "journal": {"model"},
    "connectors": {"model"},
    **{stage: {"model", "journal", "connectors"} for stage in STAGES},
    "settings": {"model"},
    "pipeline_file": {"model"},
}
FOR_STEPS = {"settings", "pipeline_file", "faults"}
"""Modules beside the folders that open the world for a run: only steps may use them, and what they use."""


def modules() -> list[Path]:
    return sorted(path for folder in ("flows", "tasks", "expectations") for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[1]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    area = path.relative_to(ROOT).parts[0]
    for name in imports(path):
        top, *rest = name.split(".")
        if area != "flows":
            assert top != "flows", f"{name}: only the command and the flows know flows"
        if area == "expectations":
            assert top not in {"tasks", "flows"}, f"{name}: expectations stand alone"
        if area == "tasks" and top == "tasks" and rest and path.parent != ROOT / "tasks":
            allowed = {room(path), *ALLOWED[room(path)], *(FOR_STEPS if path.name == "steps.py" else ())}
            assert rest[0] in allowed, f"{name}: {room(path)} may import {sorted(allowed)}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_prefect_is_known_to_flows_and_steps_alone(path: Path) -> None:
    knows = any(name.split(".")[0] == "prefect" for name in imports(path))
    secret_blocks = path == ROOT / "tasks" / "settings.py"
    assert not knows or path.name == "steps.py" or secret_blocks or path.parts[len(ROOT.parts)] == "flows"


def test_no_room_is_called_utils() -> None:
    assert not [path for path in modules() if path.stem in {"utils", "helpers", "common", "misc"}]
