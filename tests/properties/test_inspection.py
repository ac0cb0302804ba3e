"""Whatever a list holds, and in whatever form: the pipeline file that inspection writes for it reads its cells."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tasks.ingest import read_roster
from tasks.ingest.inspection import draft_pipeline, inspect_file
from tasks.pipeline_file import load_pipeline
from tests.support.effort import examples
from tests.support.forms import FORMS, SHEETS, delimited

ATTRIBUTES = {
    "employeeNumber": "external_id", "mail": "user_name", "givenName": "given_name", "sn": "family_name",
    "ou": "department", "title": "title",
}  # fmt: skip
NAMES = st.text(st.characters(categories=("Lu", "Ll", "Lo")), min_size=1, max_size=12).filter(str.isprintable)
TEXTS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters="\ufffd"), max_size=20
)


def _is_sound(text: str) -> bool:
    """Leave out what is no cell by itself: formulas and errors, secrets, signs of XML's and the sheets' own."""
    return not text or (text[0] not in "=+-@#{$" and not text.startswith("_x") and "_x" not in text)


@st.composite
def lists(draw: st.DrawFn) -> list[list[str]]:
    """Return a list of people: ids that keep their zeros, and texts with what YAML, CSV and XML make something of."""
    count = draw(st.integers(2, 6))
    ids = draw(st.lists(st.from_regex(r"[0-9]{5}", fullmatch=True), min_size=count, max_size=count, unique=True))
    odd = st.sampled_from(
        ["NO", "null", "0123", 'R&D, "North"', "a: b # c", "'x'", "Ä;ö|ü", "1e5", "true", "{x}", "<b>"]
    )
    teams = draw(st.lists(odd | TEXTS.filter(_is_sound), min_size=count, max_size=count))
    titles = draw(st.lists(odd | TEXTS.filter(_is_sound), min_size=count, max_size=count))
    people = [
        [number, f"p{number}@acme.example", draw(NAMES), draw(NAMES), team, title]
        for number, team, title in zip(ids, teams, titles, strict=True)
    ]
    return [list(ATTRIBUTES), *people]


def as_text(by: str, encoding: str) -> Callable[[list[list[str]]], bytes]:
    return lambda table: delimited(table, by, encoding)


WRITERS = {
    **FORMS,
    "semicolon.csv": as_text(";", "utf-8-sig"),
    "bar.csv": as_text("|", "utf-16"),
    "wide.csv": as_text(",", "utf-32"),
}


@pytest.mark.parametrize("form", WRITERS)
@settings(
    max_examples=examples(2),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(table=lists(), above=st.integers(0, 2))
def test_what_inspection_writes_reads_what_the_list_says(form: str, table: list[list[str]], above: int) -> None:
    can_have_titles = form in SHEETS or form.endswith(("csv", "tsv"))
    titles = [["Staff of Acme", *[""] * 5], ["", *[""] * 5]][:above] if can_have_titles else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / f"staff.{form}"
        path.write_bytes(WRITERS[form]([*titles, *table]))
        target = folder / "made.yaml"
        target.write_text(draft_pipeline(inspect_file(path), target).text, encoding="utf-8")
        [source] = load_pipeline(target, {}).pipeline.sources
        read = read_roster(source, folder)
    assert read.workers["row"].tolist() == list(range(len(titles) + 2, len(titles) + len(table) + 1))
    mapped = {column.heading: attribute for attribute, column in source.columns.items()}
    for at, heading in enumerate(table[0]):
        if heading in mapped:
            cells = [row[at].strip() for row in table[1:]]
            found = read.workers[mapped[heading]]
            assert found.fillna("").tolist() == cells, heading
    assert {"employeeNumber": "external_id", "mail": "user_name"}.items() <= mapped.items()
