"""A pipeline file that is saved while a run is at work is that of the next run: no plan is made from two of them."""

import json
from copy import deepcopy

import pytest

from tests.support.effort import sampled

SAVED = {
    "another name": lambda spec: spec.update(name="other"),
    "another account": lambda spec: spec["targets"][0].update(account_key="3002"),
    "another source": lambda spec: spec["sources"][0].update(name="staff"),
    "other columns": lambda spec: spec["sources"][0]["columns"].update(department="Surname"),
    "no file any more": lambda spec: spec.clear(),
}


@pytest.mark.parametrize("what", sampled(list(SAVED), {"another account"}))
@pytest.mark.parametrize("stage", sampled(["validate", "merge", "check_ready", "compute_plan"], {"merge"}))
def test_a_run_goes_on_with_the_pipeline_file_that_it_began_with(
    office, sync, tenant, declared, monkeypatch, what, stage
):
    from flows import nightly

    tenant.reset(declared)
    began_with, work = deepcopy(office.spec), getattr(nightly, stage)

    def saved(*parameters):
        SAVED[what](office.spec)
        office.pipeline.write_text(json.dumps(office.spec), encoding="utf-8")
        return work(*parameters)

    monkeypatch.setattr(nightly, stage, saved)
    ended = sync(office)
    head = json.loads((ended.folder / "plan.jsonl").read_text(encoding="utf-8").partition("\n")[0])

    assert (ended.code, head["pipeline"]) == (0, began_with["name"])
    assert head["target"].startswith("goto:3001@")
    assert [source["name"] for source in head["sources"]] == [source["name"] for source in began_with["sources"]]
    assert tenant.writes()
