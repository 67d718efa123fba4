"""Samples of long tables of parameters."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(values: Iterable[Any], every: int = 3, *, always: Iterable[Any] = ()) -> list[Any]:
    """Return the values as parameters. Without `--all` the first of each `every` runs, and those that always do."""
    kept = set(always)
    return [
        value if number % every == 0 or value in kept else pytest.param(value, marks=pytest.mark.thorough)
        for number, value in enumerate(values)
    ]
