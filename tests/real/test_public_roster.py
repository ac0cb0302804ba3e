"""A roster that this project did not make and does not hold (data/samples/entra_inbound.yaml says where it is)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.planning import check

pytestmark = pytest.mark.real
PIPELINE = Path(__file__).parents[2] / "data" / "samples" / "entra_inbound.yaml"


def test_ids_that_different_people_share_are_held_and_the_others_are_clean(
    public_file: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTRA_CSV", str(public_file("entra-inbound-1000.csv")))
    monkeypatch.setenv("ROSTERFLOW_HOME", str(tmp_path))
    run = check(PIPELINE)
    clean, held = run.folder.load_table("workday.clean"), run.folder.load_table("workday.held")
    assert (len(clean), int((clean["status"] == "active").sum()), len(held)) == (359, 170, 641)
    assert set(held["codes"]) == {"id_shared"}
    assert not held["key_usable"].any()
