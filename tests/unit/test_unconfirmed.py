"""Places of a pipeline file that wait to be confirmed: comments, and nothing else."""

from pathlib import Path

import pytest

from tasks.pipeline_file import load_pipeline

PIPELINE = """\
version: 1
name: acme
sources:
  - name: hr
    path: staff.csv
    snapshot: full
    columns:
      user_name: Mail
      department: Team
targets:
  - {name: goto, kind: goto, account_key: 3001, urls: {api: "http://127.0.0.1:8750"}}
"""


@pytest.fixture
def unconfirmed(tmp_path: Path):
    def read(old: str = "", new: str = ""):
        assert old in PIPELINE
        path = tmp_path / "acme.yaml"
        path.write_text(PIPELINE.replace(old, new) if old else PIPELINE, encoding="utf-8")
        return load_pipeline(path, {}).unconfirmed

    return read


def test_a_file_without_marks_waits_for_nobody(unconfirmed):
    assert unconfirmed() == ()


@pytest.mark.parametrize("comment", ["# please confirm", "#please confirm", "# Please confirm: is it this?"])
def test_a_comment_marks_the_key_on_its_line(unconfirmed, comment):
    [place] = unconfirmed("department: Team", f"department: Team  {comment}")
    assert (place.line, place.key) == (9, "sources[0].columns.department")


def test_what_is_to_be_confirmed_stands_behind_the_mark_or_above_it(unconfirmed):
    [behind] = unconfirmed("department: Team", "department: Team  # please confirm: or Unit?")
    [above] = unconfirmed("      department: Team", "      # Team or Unit?\n      department: Team  # please confirm")
    assert (behind.what, above.what) == ("or Unit?", "Team or Unit?")


def test_a_mark_on_a_line_of_its_own_belongs_to_the_key_above(unconfirmed):
    [place] = unconfirmed("department: Team", "department: Team\n      # Unit: please?  # please confirm")
    assert (place.line, place.key) == (10, "sources[0].columns.department")


@pytest.mark.parametrize(
    "text",
    [
        'department: "Team # please confirm"',
        "department: 'Team  # please confirm'",
        "department: Team# please confirm",
        'department: "Team\n        # please confirm"',
        "department: >-\n        Team  # please confirm",
        "department: |-\n        # please confirm",
        "department: Team  # we did not say: please confirm",
    ],
)
def test_text_is_no_comment(unconfirmed, text):
    assert unconfirmed("department: Team", text) == ()


def test_a_comment_behind_the_sign_of_a_block_is_one(unconfirmed):
    [place] = unconfirmed("department: Team", "department: >-  # please confirm\n        Team")
    assert place.line == 9


def test_a_mark_in_a_list_in_one_line_is_found(unconfirmed):
    [place] = unconfirmed("user_name: Mail", 'user_name: {from: Mail,  # please confirm\n        template: "{value}"}')
    assert place.key == "sources[0].columns.user_name"


def test_the_placeholder_of_a_domain_waits_even_without_its_mark(unconfirmed):
    [place] = unconfirmed("user_name: Mail", 'user_name: {from: Mail, template: "{value}@example.invalid"}')
    assert place.key == "sources[0].columns.user_name"
    assert "domain" in place.what


def test_a_file_that_waits_is_read_all_the_same(tmp_path):
    path = tmp_path / "acme.yaml"
    path.write_text(PIPELINE + "# please confirm\n", encoding="utf-8")
    loaded = load_pipeline(path, {})
    assert loaded.pipeline.name == "acme"
    assert [place.line for place in loaded.unconfirmed] == [12]
