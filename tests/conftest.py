"""Hypothesis profiles, and a check of what is being tested."""

import importlib
import os
import pathlib

import pytest
from hypothesis import HealthCheck, settings

from . import PACKAGE

# "ci" tries the same examples in every run: a change is never refused for
# what another change's random draw would have found. "long" draws anew.
# A slow machine fails no test.
untimed = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("ci", derandomize=True, **untimed)
settings.register_profile(
    "long", max_examples=5_000, print_blob=True, **untimed)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure(config):
    """Refuse to test the source tree in place of the installed package."""
    expected = os.environ.get("JSONLOGGING_TEST_PATH")
    if expected:
        module = importlib.import_module(PACKAGE + ".formatters")
        path = pathlib.Path(module.__file__)
        if pathlib.Path(expected) not in path.parents:
            raise pytest.UsageError(f"{path} is not in {expected}")
