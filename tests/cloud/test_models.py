"""Models and exceptions by themselves."""
# ruff: noqa: D103 -- test names say what they check

import ast
import copy
from datetime import date
from pathlib import Path
import pickle

import pytest

from custom_components.apsystems_openapi.cloud import (
    ChannelDay,
    EnergyLevel,
    InverterDay,
    OpenApiError,
    OpenApiQuotaError,
    models,
)


@pytest.mark.parametrize(
    ("level", "date_range"),
    [
        (EnergyLevel.HOURLY, "2026-06-05"),
        (EnergyLevel.DAILY, "2026-06"),
        (EnergyLevel.MONTHLY, "2026"),
        (EnergyLevel.YEARLY, None),
    ],
)
def test_each_level_has_its_date_range(level: EnergyLevel, date_range: str | None) -> None:
    assert level.date_range(date(2026, 6, 5)) == date_range


@pytest.mark.parametrize(
    ("ac_power_w", "channels"),
    [((), ()), ((1.0, 2.0), ()), ((1.0,), (ChannelDay(),)), ((1.0,), (ChannelDay(power_w=(1.0, 2.0)),))],
)
def test_a_series_that_is_not_parallel_to_the_labels_is_refused(
    ac_power_w: models.Series, channels: tuple[ChannelDay, ...]
) -> None:
    with pytest.raises(ValueError, match="not parallel"):
        InverterDay(day=date(2026, 6, 5), times=("12:00",), ac_power_w=ac_power_w, channels=channels)


@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
def test_a_copied_exception_keeps_message_and_code(copied: object) -> None:
    error = copied(OpenApiQuotaError("The cloud answered with code 2005", 2005))  # type: ignore[operator]
    assert (type(error), str(error), error.code) == (OpenApiQuotaError, "The cloud answered with code 2005", 2005)


def test_an_exception_without_a_response_has_no_code() -> None:
    assert OpenApiError("No answer").code is None


def test_every_field_of_a_model_is_documented() -> None:
    tree = ast.parse(Path(str(models.__file__)).read_text())
    undocumented = [
        f"{model.name}.{field.target.id}"
        for model in tree.body
        if isinstance(model, ast.ClassDef)
        for field, following in zip(model.body, [*model.body[1:], None], strict=True)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if not (isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant))
    ]
    assert undocumented == []
