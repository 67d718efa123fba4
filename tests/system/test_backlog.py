"""The order in which history is fetched, by table and in any sequence of stops and days."""
# ruff: noqa: D103 -- test names say what they check

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.system.backlog import (
    MOST_EMPTY,
    MOST_PANEL_DAYS,
    MOST_UNWRITTEN,
    Backlog,
    Step,
    days_between,
)
from custom_components.apsystems_openapi.system.unwritten import PRODUCTION, FetchedDay, PanelDay, Unwritten

TODAY = date(2026, 6, 15)
JUNE = date(2026, 6, 1)
FIRST = date(2026, 2, 10)
FULL = Backlog().begun(TODAY, FIRST)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def after(days: int) -> date:
    """Return a day some days after today."""
    return TODAY + timedelta(days=days)


def day_of(day: date, kwh: float = 1.0) -> FetchedDay:
    """Return the fetched hours of a day."""
    return FetchedDay(day=day, hours=(kwh,) * 24, closed=NOW)


def next_step(
    backlog: Backlog, today: date, *, import_history: bool = True, postponed: tuple[Step, ...] = ()
) -> Step | None:
    """Return the next step while the recorder keeps up."""
    steps = replace(backlog, cursor_is_ready=True).steps(today, import_history=import_history)
    return next((step for step in steps if step not in postponed), None)


def done(backlog: Backlog, step: Step, kwh: float = 1.0) -> Backlog:
    """Return the backlog after a step whose answer was written."""
    backlog = (
        backlog.with_month(step.day, {PRODUCTION: (kwh,)}) if step.is_month else backlog.with_day(day_of(step.day, kwh))
    )
    return replace(backlog, unwritten=Unwritten())


def all_steps(backlog: Backlog, today: date = TODAY, *, import_history: bool = True) -> list[Step]:
    """Return the steps that are taken until nothing is left."""
    steps: list[Step] = []
    while (step := next_step(backlog, today, import_history=import_history)) is not None:
        steps.append(step)
        backlog = done(backlog, step)
        assert len(steps) < 1000
    assert backlog.calls_to_go == 0 or not import_history
    return steps


def test_two_months_are_fetched_first_then_two_weeks_then_older_months_and_days() -> None:
    steps = all_steps(FULL)
    first_months, two_weeks, months, fetched = steps[:2], steps[2:16], steps[16:19], steps[19:]
    assert first_months == [Step(day=date(2026, month, 1), is_month=True) for month in (6, 5)]
    assert two_weeks == [Step(day=after(-number)) for number in range(1, 15)]
    assert months == [Step(day=date(2026, month, 1), is_month=True) for month in (4, 3, 2)]
    assert fetched == [Step(day=day) for day in reversed(days_between(FIRST, after(-15)))]
    assert all_steps(FULL, import_history=False) == []
    assert FULL.calls_to_go == len(steps)


def test_each_day_counts_once_whatever_it_waits_for() -> None:
    """Days with hours, days that have their total as one row, and days of which nothing is known."""
    days = (TODAY - FIRST).days
    backlog = FULL
    assert not backlog.has_begun
    for number, step in enumerate(all_steps(FULL)):
        backlog = done(backlog, step)
        assert backlog.has_begun
        with_hours, with_totals = days - backlog.days_to_go, backlog.days_with_totals
        assert 0 <= with_totals <= backlog.days_to_go
        assert with_hours == min(max(0, number - 1), 14) + max(0, number - 18)
    assert (backlog.days_to_go, backlog.days_with_totals) == (0, 0)
    wanted = FULL.with_asked(days_between(FIRST, after(-1)))
    assert (wanted.days_to_go, wanted.days_known(TODAY)) == (days, days)
    assert backlog.with_asked(days_between(FIRST, after(-1))).days_to_go == days


def test_what_the_owner_has_asked_for_can_be_given_up_and_missed_days_stay() -> None:
    missed = FULL.with_wanted([after(-20)])
    asked = missed.with_asked([after(-20), after(-21)]).with_wanted_panels([after(-21)], ["E1"])
    assert asked.gaps == (after(-20), after(-21))
    assert asked.without_asked() == missed
    assert done(asked, Step(day=after(-21))).without_asked().gaps == (after(-20),)
    assert asked.with_asked([after(-22)]).without_asked() == missed


def test_the_pace_is_that_of_the_last_full_days_and_not_of_the_first() -> None:
    backlog = FULL
    for day, number in ((0, 40), (1, 2), (2, 4), (9, 6)):
        for _ in range(number):
            backlog = backlog.with_call(after(day))
    assert FULL.daily_calls(TODAY) is None
    assert FULL.daily_calls(after(1)) is None
    assert [backlog.daily_calls(after(day)) for day in (9, 10)] == [4 / 7, 6 / 7]
    assert backlog.first_calls == 52


def test_missed_days_are_fetched_first_and_those_missed_for_long_after_the_months() -> None:
    steps = all_steps(FULL.begun(after(3), None), after(3))
    assert [step.day.day for step in steps[:3]] == [17, 16, 15]
    assert steps[3] == Step(day=JUNE, is_month=True)

    today = after(90)
    steps = all_steps(FULL.begun(today, None), today)
    near, rest = steps[:31], steps[31:]
    assert [step.day for step in near] == list(reversed(days_between(after(90 - 31), after(89))))
    first_old_day = next(number for number, step in enumerate(rest) if not step.is_month)
    assert {date(2026, month, 1) for month in range(5, 10)} <= {step.day for step in rest[:first_old_day]}
    fetched = [step.day for step in steps if not step.is_month]
    assert len(fetched) == len(set(fetched))


@pytest.mark.parametrize(
    ("step", "loans"),
    [
        (Step(day=JUNE, is_month=True), 5),
        (Step(day=date(2026, 1, 1), is_month=True), 0),
        (Step(day=after(-1)), 1),
        (Step(day=after(-2)), 0),
        (Step(day=after(-60)), 0),
    ],
    ids=["months at the cursor", "a month that is checked", "a missed day", "a day at the cursor", "missed long ago"],
)
def test_only_months_and_recently_missed_days_are_worth_a_loan(step: Step, loans: int) -> None:
    backlog = FULL.with_wanted([after(-1), after(-60)])
    assert backlog.worth_a_loan(step, after(1)) == loans
    if step.is_month:  # the first day has an allowance
        assert backlog.worth_a_loan(step, TODAY) == 0


@pytest.mark.parametrize(
    ("step", "calls"),
    [
        (Step(day=JUNE, is_month=True), 5 + 14),
        (Step(day=after(-1)), 5 + 14),
        (Step(day=after(-40)), 0),
        (Step(day=after(-1), eid="E1"), 0),
    ],
    ids=["the next month", "a day before the installation", "an older day", "panels"],
)
def test_an_installation_begins_with_months_and_two_weeks(step: Step, calls: int) -> None:
    assert FULL.first_steps(step, TODAY) == calls
    assert replace(FULL, month_cursor=date(2026, 4, 1)).first_steps(Step(day=after(-1)), TODAY) == 3 + 14
    assert FULL.with_wanted([after(-1)]).first_steps(Step(day=after(-1)), TODAY) == 5 + 14 + 1
    begun = replace(FULL, month_cursor=date(2026, 1, 1), day_cursor=after(-15))
    assert begun.first_steps(Step(day=after(-15)), TODAY) == 0


def test_days_without_energy_before_the_installation_do_not_end_the_import() -> None:
    """An ECU that was off line, snow, or the polar night: the days before may well have hours."""
    backlog = FULL
    for _ in range(2 + 14):
        step = next_step(backlog, TODAY)
        assert step
        backlog = done(backlog, step, kwh=0.0)
    assert backlog.has_days
    assert backlog.days_to_go == (after(-14) - FIRST).days


def test_a_month_that_waits_delays_no_day_before_the_installation() -> None:
    waiting = Step(day=JUNE, is_month=True)
    assert next_step(FULL, TODAY, postponed=(waiting,)) == Step(day=after(-1))


def test_without_a_first_day_nothing_is_coming() -> None:
    """What the owner asks for then has to be fetched for that."""
    assert FULL.is_coming(after(-1))
    assert not replace(FULL, first=None).is_coming(after(-1))
    assert not replace(FULL, first=after(-3)).is_coming(after(-4))


def test_the_last_days_are_checked_every_third_day_and_every_day_while_they_change() -> None:
    def complete_until(days: int) -> Backlog:
        return replace(FULL, settled=after(days - 1))

    for days, expected in ((1, ()), (2, ()), (3, (JUNE,))):
        assert complete_until(days).begun(after(days), None).recent == expected
    backlog = complete_until(3).begun(after(3), None).with_month(JUNE, {PRODUCTION: (1.0,)})
    assert backlog.recent == ()
    assert [month.is_check for month in backlog.unwritten.months] == [True]

    changed = backlog.with_late([TODAY], after(3))
    assert changed.gaps == (TODAY,)
    assert changed.with_closed_day(day_of(after(3))).begun(after(4), None).recent == (JUNE,)
    unchanged = backlog.with_late([], after(3))
    assert unchanged.with_closed_day(day_of(after(3))).begun(after(4), None).recent == ()

    in_july = replace(FULL, settled=date(2026, 7, 2)).begun(date(2026, 7, 3), None)
    assert in_july.recent == (date(2026, 7, 1), JUNE)


def test_after_a_clock_that_was_ahead_no_day_is_missing() -> None:
    ahead = FULL.begun(after(400), None)
    corrected = ahead.begun(TODAY, None)
    assert corrected.settled == after(-1)
    assert corrected.begun(after(2), None).gaps[-1] <= TODAY


def test_a_postponed_step_delays_no_other() -> None:
    days = Step(day=date(2026, 6, 13)), Step(day=date(2026, 6, 12))
    backlog = FULL.with_wanted(step.day for step in days)
    assert next_step(backlog, TODAY, postponed=days[:1]) == days[1]
    assert next_step(backlog, TODAY, postponed=days) == Step(day=JUNE, is_month=True)


def test_a_day_that_fails_at_the_cursor_becomes_a_gap() -> None:
    day = after(-1)
    backlog = FULL.with_postponed(day)
    assert (backlog.gaps, backlog.day_cursor) == ((day,), after(-2))
    assert backlog.with_postponed(day) == backlog


def test_many_days_without_hours_end_the_import_and_one_with_hours_restarts_the_count() -> None:
    backlog, number = replace(FULL, month_cursor=date(2026, 1, 1), day_cursor=after(-15)), 0
    while (step := next_step(backlog, TODAY)) is not None:
        backlog = done(backlog, step, kwh=1.0 if number == 10 else 0.0)
        number += 1
    assert number == 11 + MOST_EMPTY
    assert (backlog.days_to_go, backlog.calls_to_go) == (0, 0)


def test_the_last_gap_of_a_month_leads_to_a_check_of_its_totals() -> None:
    backlog = FULL.with_wanted([after(-1), after(-2)])
    backlog = done(backlog, Step(day=after(-1)))
    assert backlog.checks == ()
    assert done(backlog, Step(day=after(-2))).checks == (JUNE,)


def test_nothing_is_fetched_while_too_much_is_unwritten() -> None:
    backlog = replace(FULL, cursor_is_ready=True)
    days = tuple(day_of(day) for day in days_between(after(-MOST_UNWRITTEN), after(-1)))
    step = Step(day=JUNE, is_month=True)
    assert backlog.can_take(step)
    assert not replace(backlog, unwritten=Unwritten(days=days)).can_take(step)


def test_an_answer_that_came_during_a_write_stays_unwritten() -> None:
    first, second = day_of(after(-1)), day_of(after(-2))
    unwritten = Unwritten(days=(first, second))
    assert unwritten.without(Unwritten(days=(first,))) == Unwritten(days=(second,))
    better = day_of(after(-1), kwh=2.0)
    backlog = FULL.with_unwritten_day(first).with_unwritten_day(better)
    assert backlog.unwritten.without(Unwritten(days=(first,))).days == (better,)


def test_unwritten_panels_are_kept_once_a_day() -> None:
    older, newer = (PanelDay(day=JUNE, uid="a", kwh=(kwh,)) for kwh in (1.0, 2.0))
    assert Backlog().with_panels([older]).with_panels([newer]).unwritten.panels == (newer,)


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        (lambda backlog: backlog.cleared(TODAY, import_history=True), all_steps(FULL)),
        (lambda backlog: replace(backlog, first=None).cleared(TODAY, import_history=True), []),
    ],
    ids=["with history", "without"],
)
def test_a_deleted_statistic_is_fetched_again(change: Callable[[Backlog], Backlog], steps: list[Step]) -> None:
    backlog = FULL
    for step in all_steps(FULL):
        backlog = done(backlog, step)
    assert next_step(backlog, TODAY) is None
    assert all_steps(change(backlog)) == steps


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_every_missed_day_is_fetched_in_any_sequence_of_days_and_stops(data: st.DataObject) -> None:
    backlog, today = FULL, TODAY
    fetched: set[date] = set()
    complete: set[date] = set()
    for _ in range(data.draw(st.integers(1, 25))):
        today += timedelta(days=data.draw(st.sampled_from([1, 1, 1, 2, 9, 40])))
        backlog = backlog.begun(today, FIRST)
        for _ in range(data.draw(st.integers(0, 6))):
            if (step := next_step(backlog, today)) is None:
                break
            if data.draw(st.booleans(), label="stopped before the state was stored"):
                continue
            backlog = done(backlog, step)
            fetched |= set() if step.is_month else {step.day}
        if data.draw(st.booleans(), label="a complete day"):
            backlog = backlog.with_closed_day(day_of(today))
            complete.add(today)
    backlog = backlog.begun(today, None)
    fetched |= {step.day for step in all_steps(backlog, today) if not step.is_month}
    assert fetched | complete >= set(days_between(FIRST, today - timedelta(days=1)))


# Panels of past days


def test_panels_of_past_days_are_fetched_after_everything_that_is_missing() -> None:
    """One call for each ECU and day, newest first; an answer without data ends the gap as well."""
    days = [date(2026, 6, 1), date(2026, 6, 2)]
    backlog = Backlog(settled=date(2026, 6, 14)).with_wanted([date(2026, 6, 3)]).with_wanted_panels(days, ["E1", "E2"])
    steps = list(backlog.steps(date(2026, 6, 15), import_history=False))
    assert [(step.day.day, step.eid) for step in steps] == [(3, ""), (2, "E2"), (2, "E1"), (1, "E2"), (1, "E1")]
    call = steps[1].slot(datetime(2026, 6, 15, 10, tzinfo=UTC)).call
    assert str(call) == "batch_energy:E2"
    assert backlog.calls_to_go == 5
    assert [gap.eid for gap in backlog.without_panel_gap(date(2026, 6, 2), "E2").panel_gaps] == ["E1", "E2", "E1"]


def test_panels_wait_for_the_recorder() -> None:
    backlog = Backlog().with_wanted_panels([date(2026, 6, 1)], ["E1"])
    (step,) = backlog.steps(date(2026, 6, 15), import_history=False)
    assert backlog.can_take(step)
    unwritten = backlog.with_panels([PanelDay(day=date(2026, 6, 2), uid="a", kwh=(1.0,))])
    assert not unwritten.can_take(step)


def test_unwritten_panels_have_a_limit_and_the_oldest_give_way() -> None:
    first = date(2026, 1, 1)
    days = [first + timedelta(days=n % 50) for n in range(MOST_PANEL_DAYS + 100)]
    panels = [PanelDay(day=day, uid=f"{n:04}", kwh=(1.0,)) for n, day in enumerate(days)]
    kept = Backlog().with_panels(panels).unwritten.panels
    assert len(kept) == MOST_PANEL_DAYS
    assert min(panel.day for panel in kept) > first
