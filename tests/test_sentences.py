"""The sentences that forms show about the calls of a year."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.apsystems_openapi.schedule.options import Options
from custom_components.apsystems_openapi.schedule.preview import MonthFigures, Outlook
from custom_components.apsystems_openapi.sentences import Prospect
from tests.texts import below, english, placeholders

MINUTE = timedelta(minutes=1)
FIXED = Options(automatic=False, live_power=False, import_history=False, panel_statistics=False)


def year(calls: int, minutes: float | None, fewest: int, other: float | None) -> Outlook:
    """Return a year with its busiest month in June and its quietest in December."""
    return Outlook(
        busiest=MonthFigures(month=6, calls=calls, interval=minutes),
        quietest=MonthFigures(month=12, calls=fewest, interval=other),
    )


def prospect(outlook: Outlook, options: Options | None = None, table: int = 0, least: int | None = None) -> Prospect:
    """Return what options come to; of the quota 990 calls can be made."""
    return Prospect(
        options=options or Options(),
        payable=990,
        table=table,
        least=None if least is None else least * MINUTE,
        year=outlook,
    )


@pytest.mark.parametrize(
    ("outlook", "key"),
    [
        (year(0, None, 0, None), "outlook_none"),
        (year(1, None, 1, None), "outlook_rare"),
        (year(31, None, 28, None), "outlook_rare"),
        (year(990, 20.0, 986, 20.4), "outlook_even"),
        (year(990, 38.0, 986, 20.0), "outlook_spacing"),
        (year(900, 30.0, 600, 30.0), "outlook_calls"),
        (year(9000, 6.0, 3000, 5.0), "outlook_months"),
        (year(990, 50.0, 31, None), "outlook_dark"),
        (year(30, 120.0, 30, None), "outlook_dark"),
    ],
)
def test_a_sentence_shows_two_months_only_where_they_differ(outlook: Outlook, key: str) -> None:
    """In calls, in the spacing of reads, or in both."""
    assert prospect(outlook).keys == [key]


def test_a_fixed_interval_reads_as_it_is_chosen() -> None:
    """Whatever the mean of the spaces between reads is."""
    figures = prospect(year(900, 30.4, 600, 29.8), replace(FIXED, interval=30 * MINUTE), 900, 30).figures
    assert (figures["minutes"], figures["other_minutes"]) == (30, 30)
    assert prospect(year(900, 37.6, 600, 20.4)).figures["minutes"] == 38


@pytest.mark.parametrize(
    ("table", "least", "payable", "is_payable", "key"),
    [
        (990, 30, 990, True, "outlook_calls"),
        (991, 31, 990, False, "outlook_too_many"),
        (991, None, 990, False, "outlook_no_interval"),
        (991, None, 0, True, "outlook_calls"),
    ],
)
def test_a_table_with_more_calls_than_a_month_has_does_not_fit(
    table: int, least: int | None, payable: int, key: str, *, is_payable: bool
) -> None:
    """Without any call none is made, which fits."""
    shown = replace(prospect(year(900, 30.0, 600, 30.0), FIXED, table, least), payable=payable)
    assert shown.is_payable == is_payable
    assert shown.keys == [key]


@pytest.mark.parametrize(
    ("outlook", "key"), [(year(124, None, 112, None), "outlook_house"), (year(0, None, 0, None), "outlook_none")]
)
@pytest.mark.parametrize("options", [Options(), FIXED, Options(live_power=False, panel_statistics=True)])
def test_without_the_production_only_meter_and_battery_take_calls(outlook: Outlook, key: str, options: Options) -> None:
    """Other options have no effect, and nothing is said of them."""
    assert prospect(outlook, replace(options, production=False)).keys == [key]


@pytest.mark.parametrize(
    ("options", "more"),
    [
        (Options(panel_statistics=True), []),
        (Options(live_power=False), []),
        (Options(live_power=False, panel_statistics=True), ["outlook_no_panels"]),
        (FIXED, []),
        (replace(FIXED, live_power=True), ["outlook_fixed_only"]),
        (replace(FIXED, import_history=True), ["outlook_fixed_only"]),
        (replace(FIXED, panel_statistics=True), ["outlook_fixed_only"]),
    ],
)
def test_options_without_effect_are_named(options: Options, more: list[str]) -> None:
    """They are not refused: a fixed interval is a choice, and the others apply again without it."""
    assert prospect(year(900, 30.0, 600, 30.0), options, 900, 30).keys[1:] == more


def test_every_sentence_has_its_figures() -> None:
    """The text of each has only placeholders that are passed."""
    texts = {key: below(text) for key, text in below(english(), "exceptions").items() if key.startswith("outlook_")}
    fits, fits_not = prospect(year(900, 30.0, 600, 30.0)), prospect(year(900, 30.0, 600, 30.0), FIXED, 991, 31)
    assert len(texts) == 12
    for key, text in texts.items():
        figures = (fits_not if key == "outlook_too_many" else fits).figures
        assert placeholders(str(text["message"])) <= {*figures, "busiest", "quietest"}, key


def test_every_month_has_a_name() -> None:
    """By its number."""
    assert set(below(english(), "selector", "month", "options")) == {str(month) for month in range(1, 13)}
