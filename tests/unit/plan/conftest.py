"""A situation to plan for, and the builders of its parts."""

from typing import Any

import pytest

from tests.support.planning import Case, account, link, pipeline_of, worker


@pytest.fixture
def case() -> Case:
    return Case()


@pytest.fixture
def make() -> Any:
    """The builders by name: ``make.worker("1")``, ``make.account("7001", "1")``, ``make.link("1", "7001")``."""

    class Builders:
        worker = staticmethod(worker)
        account = staticmethod(account)
        link = staticmethod(link)
        pipeline = staticmethod(pipeline_of)

    return Builders
