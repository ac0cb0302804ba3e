"""A pipeline file with places that wait to be confirmed: checked, and never planned from."""

import json

import pytest

from tasks.model.errors import BadPipeline

MARK = "# please confirm"


@pytest.fixture
def marked(office):
    """Save the pipeline file with a mark at its end, which cannot be said in JSON."""

    def save() -> str:
        path = office.save()
        office.pipeline.write_text(office.pipeline.read_text(encoding="utf-8") + f"{MARK}\n", encoding="utf-8")
        office.save = lambda: path  # let nobody write it anew
        return path

    return save


def test_plan_reads_and_validates_and_is_refused_before_the_target_is_asked(office, marked, tenant, monkeypatch):
    from flows import planning

    monkeypatch.setattr(planning, "open_target", lambda *_: pytest.fail("the target was asked"))
    path = marked()
    with pytest.raises(BadPipeline) as refused:
        planning.plan(path)
    assert refused.value.exit_code == 2
    assert "Nothing was sent." in str(refused.value)
    assert f"{path}:" in refused.value.remedy
    [folder] = office.run_folders()
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["sources"][0]["rows"] == 6
    assert summary["run"]["exit_code"] == 2


def test_check_works_and_says_what_waits(office, marked, tenant):
    from flows import planning

    run = planning.check(marked())
    assert run.exit_code == 0
    [note] = [note for note in run.notes if "confirmed" in note]
    assert "1 place waits to be confirmed before a plan is made: line " in note


def test_the_mark_goes_before_a_refusal_of_the_list(office, marked, tenant):
    from flows import planning

    path = marked()
    (office.folder / "staff.csv").write_text("", encoding="utf-8")
    with pytest.raises(BadPipeline, match="waits to be confirmed") as refused:
        planning.plan(path)
    assert "is empty" in refused.value.remedy


def test_sync_is_refused_and_sends_nothing(office, marked, tenant, published, told):
    from flows import nightly
    from flows.ending import ended

    path = marked()
    state = ended("sync", path, lambda run: nightly._sync(run, path, None))
    assert (told(state).code, told(state).name) == (2, "Bad pipeline")
    assert tenant.writes() == []


def test_a_plan_that_was_made_before_is_not_applied_either(office, marked, tenant, make_plan, apply, told):
    made = make_plan()
    marked()
    state = apply(made.run_id)
    assert told(state).code == 2
    assert tenant.writes() == []


def test_a_confirmed_file_is_planned(office, tenant, make_plan):
    assert make_plan().exit_code == 3
