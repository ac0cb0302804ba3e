"""The documentation: what it names is there, and its pipelines parse."""

import ast
import re
import shlex
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from ruamel.yaml import YAML

from flows.cli.main import app
from tasks.ingest.pages import profiles_page, transforms_page
from tasks.model import errors, pipeline, sources
from tasks.model.profiles import profile_names
from tasks.model.transforms import DECLARED, Transform
from tasks.pipeline_file import load_pipeline, plain_yaml
from tasks.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOCS = ROOT / "docs"
PART, WHOLE = "yaml pipeline-part", "yaml"
MINIMAL = """\
version: 1
name: minimal
sources:
  - name: hr
    path: staff.csv
    snapshot: full
    columns: {user_name: Mail, department: Team, title: Title}
targets:
  - {name: goto, kind: goto, account_key: 3001, urls: {api: "http://127.0.0.1:8750"}}
"""
PLACEHOLDER = "placeholder"
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the fenced blocks of a page: info string and content."""
    return FENCE.findall(page.read_text(encoding="utf-8"))


def said_of(page: Path) -> list[str]:
    """Return the lines of a page's blocks, comments and prompts left out, and its code spans."""
    text = page.read_text(encoding="utf-8")
    lines = [line for _, content in FENCE.findall(text) for line in content.splitlines()]
    return [line.split("  #")[0].strip() for line in lines] + CODE_SPAN.findall(FENCE.sub("", text))


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def pipelines() -> list[Any]:
    found: dict[str, int] = defaultdict(int)
    cases = []
    for page in PAGES:
        for info, content in blocks(page):
            if info.strip() in (PART, WHOLE):
                found[named(page)] += 1
                cases.append(pytest.param(info.strip(), content, id=f"{named(page)}-{found[named(page)]}"))
    return cases


@pytest.mark.parametrize(("info", "content"), pipelines())
def test_every_pipeline_in_the_documentation_parses(info: str, content: str, tmp_path: Path) -> None:
    text = content if info == WHOLE else merged(content)
    file = tmp_path / "pipeline.yaml"
    file.write_text(text, encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), PLACEHOLDER)
    assert load_pipeline(file, variables).pipeline.version == "1"


def merged(part: str) -> str:
    """Return the minimal pipeline with the top-level keys of *part* in the place of its own."""
    keys = set(re.findall(r"^(\w+):", part, re.MULTILINE))
    kept = [
        section for section in re.split(r"^(?=\w)", MINIMAL, flags=re.MULTILINE) if section.split(":")[0] not in keys
    ]
    return "".join(kept) + part


def test_there_are_pipelines_to_parse() -> None:
    assert len(pipelines()) >= 10
    assert not [info for page in PAGES for info, _ in blocks(page) if info.startswith("yml")]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_and_options_exist(page: Path) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for said in said_of(page):
        for call in re.findall(r"(?:^|[ /])rosterflow ([a-z].*)", said):
            name, *words = shlex.split(call, comments=True)
            assert name in commands, f"{said}: there is no such command"
            known = {option for parameter in commands[name].params for option in parameter.opts}
            unknown = [word for word in words if word.startswith("-") and word.split("=")[0] not in known | {"--help"}]
            assert not unknown, f"{said}: there is no option {unknown}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for said in said_of(page):
        for call in re.findall(r"(?:^|\$ )make ([a-z-]+)", said):
            assert call in targets, f"{said}: there is no such target"


def test_readme_commands_that_need_only_make_are_understood_by_it() -> None:
    make = shutil.which("make")
    assert make, "make is one of the three things that a machine must have"
    for target in ("demo", "test", "help"):
        done = subprocess.run([make, "-n", target], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{target}: there is no such file"
        assert not heading or heading in headings(file), f"{target}: there is no such heading"


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made from their text."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_are_named_exist(page: Path) -> None:
    places = r"(?:tasks|flows|tests|docs|data/samples|deployments|expectations)/[\w./-]*"
    for said in CODE_SPAN.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.fullmatch(places, said):
            assert (ROOT / said).exists(), f"{said} is not there"


def test_decisions_are_numbered_without_a_gap_and_dated() -> None:
    records = sorted((DOCS / "decisions").glob("*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {record.name[:4]}: ")
        assert re.search(r"^\d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
        for part in ("**Context.**", "**Decision", "**Consequences.**"):
            assert part in text, f"{record.name} has no {part}"


def test_code_names_no_decision_that_is_not_there() -> None:
    there = {record.name[:4] for record in (DOCS / "decisions").glob("*.md")}
    for file in [path for folder in ("tasks", "flows", "expectations") for path in (ROOT / folder).rglob("*.py")]:
        for number in re.findall(r"docs/decisions/(\d{4})", file.read_text(encoding="utf-8")):
            assert number in there, f"{file}: {number}"


def keys_of(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize(
    "model",
    [
        pipeline.Pipeline, sources.Source, sources.Column, pipeline.Rule, pipeline.Entitlements,
        pipeline.KeepException, pipeline.Lifecycle, pipeline.Limit, pipeline.GotoTarget, pipeline.Auth, pipeline.Urls,
    ],
)  # fmt: skip
def test_every_key_of_the_pipeline_file_is_described(model: type[BaseModel]) -> None:
    text = (DOCS / "pipeline.md").read_text(encoding="utf-8")
    words = set(
        re.findall(
            r"[a-z_]+", " ".join(CODE_SPAN.findall(text)) + " ".join(re.findall(r"^```.*?^```", text, re.M | re.S))
        )
    )
    assert keys_of(model) <= words


def test_defaults_of_limits_are_as_the_page_says() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| `(\{[^`]*\})` \|$", (DOCS / "pipeline.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    said = {name: pipeline.Limit.model_validate(YAML(typ="safe").load(limit)) for name, limit in rows}
    assert said == pipeline.DEFAULT_LIMITS


def test_every_setting_is_described() -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`ROSTERFLOW_{name.upper()}`" not in text] == []


def test_every_exit_code_has_its_row_in_both_tables() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RosterflowError)
    ]
    codes = {str(kind.exit_code) for kind in kinds} | {"0", "3", "4"}
    for page in (ROOT / "README.md", DOCS / "operations.md"):
        assert codes == set(re.findall(r"^\| (\d) \|", page.read_text(encoding="utf-8"), re.MULTILINE))


FACT = re.compile(r"^\| ([A-Z]\d+) \| .* \| ([^|]*) \|$", re.MULTILINE)
CITED = re.compile(r"\b[TCRWMDV]\d{1,2}\b")


def facts() -> dict[str, str]:
    """Return the numbered facts of the target's page with how each stands."""
    found = FACT.findall((DOCS / "target-goto.md").read_text(encoding="utf-8"))
    assert len({number for number, _ in found}) == len(found)
    return dict(found)


def contract_citations() -> dict[str, set[str]]:
    """Return the facts that each contract test cites in its docstring, by test."""
    cited = {}
    for path in sorted((ROOT / "tests" / "contract").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                cited[f"{path.name}::{node.name}"] = set(CITED.findall((ast.get_docstring(node) or "").split(".")[0]))
    return cited


def test_every_fact_is_held_by_a_contract_test_and_every_citation_is_a_fact() -> None:
    cited = set().union(*contract_citations().values())
    assert len(facts()) > 60
    assert cited - set(facts()) == set()
    assert set(facts()) - cited == set()


def test_every_fact_says_how_it_stands() -> None:
    standings = ("documented", "observed", "inferred", "assumed")
    assert [number for number, stands in facts().items() if not any(word in stands for word in standings)] == []


def test_every_switch_of_the_sandbox_is_on_the_page_and_every_one_on_the_page_is_a_switch() -> None:
    from tasks.sandbox import Switches

    page = (DOCS / "target-goto.md").read_text(encoding="utf-8")
    table = page.partition("how the sandbox can be switched")[2].partition("## Against")[0]
    named_there = {
        name for row in table.splitlines() for name in CODE_SPAN.findall(row.rsplit("|", 2)[-2] if "|" in row else "")
    }
    assert named_there == set(Switches.model_fields)


@pytest.mark.parametrize(("page", "make"), [("transforms.md", transforms_page), ("profiles.md", profiles_page)])
def test_pages_from_the_code_are_as_the_code_is(page: str, make: Callable[[], str]) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == make(), "run 'make docs'"


def test_every_transform_and_every_profile_is_on_its_page_with_an_example() -> None:
    page = transforms_page()
    for name in DECLARED:
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert re.search(r"^\| `[^`]+` \| (`[^`]+`|\(blank\)) \| (`[^`]+`|\(blank\)) \|$", section, re.MULTILINE), name
        for entry in re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE):
            read = plain_yaml.read(entry)[0]
            assert read is not None
            assert Transform.model_validate(read.plain()).declared.__class__ is DECLARED[name]
    assert [name for name in profile_names() if f"\n## {name}\n" not in profiles_page()] == []


def test_every_fault_of_the_sandbox_is_on_its_page_and_every_one_on_the_page_is_a_fault() -> None:
    from tasks.sandbox.fault_plan import Fault

    page = (DOCS / "faults.md").read_text(encoding="utf-8")
    table = page.partition("## What goes wrong")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {fault.value for fault in Fault}


def test_every_key_of_a_fault_rule_is_on_its_page_and_the_other_way_round() -> None:
    from tasks.sandbox.fault_plan import FaultRule

    page = (DOCS / "faults.md").read_text(encoding="utf-8")
    table = page.partition("## A rule")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(FaultRule.model_fields)


def test_every_fault_plan_in_the_documentation_is_one(tmp_path: Path) -> None:
    from tasks.sandbox.fault_plan import read_fault_plan

    plans = [content for page in PAGES for info, content in blocks(page) if info == "yaml faults"]
    assert plans
    for content in plans:
        (tmp_path / "faults.yaml").write_text(content, encoding="utf-8")
        assert read_fault_plan(tmp_path / "faults.yaml").rules


def promises() -> dict[str, list[str]]:
    """Return the promises of the README, each with the files and folders that it says they are tested in."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## What it promises")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {promise: CODE_SPAN.findall(places) for promise, places in rows[1:]}


def in_make_test(file: Path) -> list[str]:
    """Return the tests of a file that are marked neither as exhaustive nor as needing more than Python."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    marked = [ast.unparse(node.value) for node in body if isinstance(node, ast.Assign) and names(node) == "pytestmark"]
    if any(set_apart(mark) for mark in marked):
        return []
    tests = [node for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return [test.name for test in tests if not any(set_apart(ast.unparse(mark)) for mark in test.decorator_list)]


def names(node: ast.Assign) -> str:
    return ast.unparse(node.targets[0])


def set_apart(mark: str) -> bool:
    return re.search(r"\bmark\.(prove|real)\b", mark) is not None


def test_there_are_promises() -> None:
    assert len(promises()) >= 9
    assert all(promises().values())


@pytest.mark.parametrize("promise", promises())
def test_every_promise_of_the_readme_is_tested_by_make_test_wherever_it_says_so(promise: str) -> None:
    for place in promises()[promise]:
        files = sorted((ROOT / place).rglob("test_*.py")) if place.endswith("/") else [ROOT / place]
        assert files, f"there are no tests in {place}"
        assert any(in_make_test(file) for file in files), f"{place} is only in make prove or make test-real"
