"""The fixed schedule at the end of a month whose calls are nearly spent, through Home Assistant."""

from datetime import timedelta

from tests.harness import House


async def test_when_the_month_is_nearly_spent_polls_stretch_and_the_log_says_so_once(house: House) -> None:
    """And the cloud never counts one call too many."""
    house.move_to("2026-06-20 02:00")
    await house.set_up()
    # The share of June up to set-up, 635 calls, is taken as spent; buttons spend most of the others.
    while house.state("api_calls_month").attributes["left"] > 140:
        await house.press("scan_inverters")
    before = len(house.calls())
    await house.pass_time("2026-06-21 01:00", timedelta(minutes=10))
    day_of_buttons = len(house.calls(since=before))
    assert day_of_buttons == len(house.calls("energy", since=before)) + 1 + 3 + 1
    lines = len(house.log(text="nearly spent"))
    counts = []
    for day in range(21, 30):
        before = len(house.calls())
        await house.pass_time(f"2026-06-{day + 1} 01:00", timedelta(minutes=10))
        counts.append(len(house.calls(since=before)))
        assert house.calls("summary", since=before)
    assert max(counts) < day_of_buttons / 2
    assert min(counts) >= 8
    assert len(house.log(text="nearly spent")) - lines <= 1
    assert len(house.log(text="nearly spent")) == 1
    assert house.state("api_calls_month").attributes["left"] >= 0
