"""All tests of this folder are properties: ``make prove`` tries them with more examples.

``make test`` tries the same few examples every time, so that it says of a change what it said before: what fails
there was broken by the change. ``make prove`` draws others each time, and prints how to draw those that failed again.
"""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.effort import EFFORT

settings.register_profile("rosterflow", derandomize=EFFORT == 1, print_blob=True)
settings.load_profile("rosterflow")

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.examples)
