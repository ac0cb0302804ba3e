"""Where CI is set, a program that is missing fails its tests; elsewhere they skip."""

import os
import shutil
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Return the path of a program by its name."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("CI"):
            pytest.fail(f"{name} is not installed, and CI is set")
        if path is None:
            pytest.skip(f"{name} is not installed")
        return path

    return find
