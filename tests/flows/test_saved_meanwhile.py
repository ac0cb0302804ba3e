"""A pipeline file that is saved while a run is at work: no plan is made from two of them, and none of it is sent."""

import json

import pytest

from tests.support.effort import sampled

SAVED = {
    "another name": lambda spec: spec.update(name="other"),
    "another account": lambda spec: spec["targets"][0].update(account_key="3002"),
    "another source": lambda spec: spec["sources"][0].update(name="staff"),
    "another list": lambda spec: spec["sources"][0].update(path="other.csv"),
    "other columns": lambda spec: spec["sources"][0]["columns"].update(department="Surname"),
    "no file any more": lambda spec: spec.clear(),
}
STAGES = ["validate", "merge", "check_ready", "compute_plan"]


@pytest.mark.parametrize("what", sampled(list(SAVED), {"another account"}))
@pytest.mark.parametrize("stage", sampled(STAGES, {"merge"}))
def test_a_run_makes_no_plan_from_two_files_and_sends_none(office, sync, tenant, declared, monkeypatch, what, stage):
    from flows import nightly

    tenant.reset(declared)
    work, text = getattr(nightly, stage), office.pipeline

    def saved(*parameters):
        SAVED[what](office.spec)
        text.write_text(json.dumps(office.spec), encoding="utf-8")
        return work(*parameters)

    monkeypatch.setattr(nightly, stage, saved)
    ended = sync(office)

    assert ended.code == (2 if what == "no file any more" else 9)
    assert "Nothing was sent." in ended.message
    assert tenant.writes() == []
    head = json.loads((ended.folder / "plan.jsonl").read_text(encoding="utf-8").partition("\n")[0])
    assert (head["pipeline"], [source["name"] for source in head["sources"]]) == ("acme", ["hr"])
    assert head["target"].startswith("goto:3001@")
