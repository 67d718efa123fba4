"""The simulator as a process: control routes and command line."""
# ruff: noqa: ANN401, D103 -- names of tests say what they are; JSON is of any type

import asyncio
from datetime import date, datetime, timedelta
import json
from pathlib import Path
import runpy
import shutil
import sys
from typing import Any

import aiohttp
import pytest

import simulator
from simulator import (
    Absent,
    AddEcu,
    AddInverter,
    Change,
    Cloud,
    Ecu,
    Inverter,
    ListInverters,
    MoveInverter,
    RemoveEcu,
    RemoveInverter,
    ReplaceEcu,
    ReplaceInverter,
    parse_change,
)
from simulator.__main__ import main
from simulator.options import parser
from simulator.process import cloud_of, plant_of, serve
from tests.simulator.setup import DS3, NIGHT, NOON, QT2, SID, TODAY, Client, Clock, Setups, young_plant


async def test_truth_calls_and_faults_are_available_over_http(setup: Setups) -> None:
    here = await setup()
    url, session = here.client.url, here.client.session
    served = await here.data(f"{SID}/devices/inverter/energy/{QT2}", "minutely", TODAY)
    async with session.get(f"{url}/_simulator/truth") as response:
        truth = (await response.json())["systems"][SID]
    assert truth["today_kwh"] == pytest.approx(here.cloud.today_kwh(SID))
    assert truth["lifetime_kwh"] == pytest.approx(here.cloud.lifetime_kwh(SID))
    assert truth["past_kwh"] == pytest.approx(truth["lifetime_kwh"] - truth["today_kwh"])
    yesterday = NOON.date() - timedelta(days=1)
    async with session.get(f"{url}/_simulator/truth?since={yesterday}") as response:
        past = (await response.json())["systems"][SID]["past_kwh"]
    assert past == pytest.approx(sum(here.cloud.hourly_kwh(SID, yesterday)))
    assert truth["hourly_kwh"] == pytest.approx(here.cloud.hourly_kwh(SID, NOON.date()))
    assert truth["power_w"] == here.cloud.power_w(SID)
    assert datetime.fromisoformat(truth["newest_sample"]) == here.cloud.newest_sample(SID)
    inverter = truth["ecus"][0]["inverters"][2]
    assert (inverter["uid"], inverter["channels"], inverter["phases"]) == (QT2, 4, 3)
    assert inverter["latest"]["t"] == "13:15"
    assert inverter["latest"]["dc_p4"] == float(served["dc_p4"][-1])
    assert inverter["ac_power_w"] == pytest.approx(sum(float(served[f"ac_p{n}"][-1]) for n in (1, 2, 3)))

    async with session.post(f"{url}/_simulator/faults", json={"order": ["summary:7002x1"]}) as response:
        assert len((await response.json())["faults"]) == 1
    assert [(await here.get(f"summary/{SID}")).code for _ in range(2)] == [7002, 0]
    async with session.post(f"{url}/_simulator/faults", json={"order": ["nothing"]}) as response:
        assert response.status == 400
    async with session.post(f"{url}/_simulator/faults", json={"clear": True}) as response:
        assert (await response.json())["faults"] == []
    async with session.get(f"{url}/_simulator/calls") as response:
        calls = await response.json()
    assert [call["kind"] for call in calls["calls"]] == ["inverter_energy", "summary", "summary"]
    assert (calls["spent"], calls["quota"], calls["calls"][1]["code"]) == (3, 1000, 7002)

    here.clock.time = NIGHT
    async with session.get(f"{url}/_simulator/truth") as response:
        truth = (await response.json())["systems"][SID]
    assert truth["ecus"][0]["inverters"][0]["ac_power_w"] is None


async def test_the_context_manager_serves_as_long_as_it_lasts() -> None:
    cloud = Cloud(young_plant(), now=Clock())
    for _ in range(2):
        async with cloud.serve() as url, aiohttp.ClientSession() as session:
            assert (await Client(url, session).get(f"details/{SID}")).code == 0
    await cloud.stop()


async def test_the_process_prints_its_address_and_answers() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", "--age-days", "3", "--now", "2026-06-15T13:20:00+02:00",
        "--sid", "EF45678A9B0C", "--fault", "details:http502x1", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    try:
        ready = json.loads(await process.stdout.readline())
        assert (ready["sid"], ready["timezone"]) == ("EF45678A9B0C", "Europe/Paris")
        async with aiohttp.ClientSession() as session:
            client = Client(ready["url"], session, ready["app_id"], ready["app_secret"])
            assert (await client.get(f"details/{ready['sid']}")).status == 502
            details = (await client.get(f"details/{ready['sid']}")).data
            assert details["create_date"] == "2026-06-12"
    finally:
        process.terminate()
        await process.wait()


async def test_the_command_line_serves_what_it_describes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    monkeypatch.setattr("builtins.print", lambda line, **_: lines.put_nowait(line))
    options = parser().parse_args(
        [
            "--site-where-it-is",
            "13",
            "--age-days",
            "2",
            "--ecus",
            "2",
            "--inverters",
            "DS3,QS1,QT2",
            "--seed",
            "3",
        ]
    )
    task = asyncio.create_task(serve(cloud_of(options)))
    ready = json.loads(await lines.get())
    async with aiohttp.ClientSession() as session:
        client = Client(ready["url"], session)
        listing = (await client.get(f"inverters/{ready['sid']}")).data
    assert [[inverter["type"] for inverter in ecu["inverter"]] for ecu in listing] == [
        ["DS3", "QT2"],
        ["QS1"],
    ]
    local = datetime.fromisoformat(ready["now"])
    assert 12 <= local.hour <= 14
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_command_line_takes_a_site_and_a_clock() -> None:
    options = parser().parse_args(
        [
            "--site=-33.9,18.4",
            "--timezone",
            "Africa/Johannesburg",
            "--clock-shift",
            "-3600",
            "--inverters",
            "",
        ]
    )
    plant = plant_of(options, NOON)
    assert (plant.latitude, plant.longitude, plant.timezone) == (-33.9, 18.4, "Africa/Johannesburg")
    assert plant.inverters == ()
    assert plant.create_date == NOON.date() - timedelta(days=400)
    options = parser().parse_args(["--now", NOON.isoformat(), "--inverters", "QT2"])
    assert options.now == NOON
    assert [inverter.phases for inverter in plant_of(options, NOON).inverters] == [3]
    assert plant_of(options, NOON).timezone == "Europe/Paris"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--site", "1,2"],
        ["--timezone", "Asia/Tokyo"],
        ["--inverters", "X"],
        ["--now", "2026-06-15T12:00"],
        ["--fault", "no"],
        ["--site", "1"],
        ["--change", "+5,remove-ecu"],
        ["--change", "+5,remove-ecu,999"],
        ["--change", "2026-06-15T12:00,remove-inverter,703000000011"],
        ["--change", "+5,remove-ecu,216200012345,2004"],
        ["--offline", "216200012345,+5"],
        ["--upload-jitter", "8"],
        ["--upload-minutes", "0"],
        ["--ecu-clock-ahead", "3"],
    ],
)
def test_a_wrong_command_line_is_an_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert "error" in capsys.readouterr().err


def test_the_command_line_runs_until_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(coroutine: Any) -> None:
        coroutine.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("simulator.__main__.asyncio.run", interrupted)
    main(["--age-days", "1"])


def test_the_command_line_takes_uploads_changes_and_outages() -> None:
    eid, other = "216200012345", "216200012346"
    options = parser().parse_args(
        [
            "--now=2026-06-15T12:00:00+02:00", "--ecus=2", "--age-days=2", "--no-record-from=2026-06-14",
            "--upload-phases=3,8", "--upload-jitter=1", "--upload-delay=2", "--ecu-clock-ahead=-5",
            "--change=+10,add-ecu,216200099999,703000000099",
            "--change=+20,replace-ecu,216200012346,216200077777,1001",
            f"--offline={eid},+30,+90,lost", f"--offline={other},2026-06-15T12:00:00+02:00,+5",
        ]
    )  # fmt: skip
    cloud = cloud_of(options)
    start = options.now
    plant = cloud.truth(SID, start + timedelta(minutes=30)).view.plant
    assert [ecu.eid for ecu in plant.ecus] == [eid, "216200077777", "216200099999"]
    assert plant.removed[0].removed_code == 1001
    assert plant.no_record_from == date(2026, 6, 14)
    uploads = [plant.uploads_of(device) for device in (eid, "216200077777")]
    assert [(made.phase_minutes, made.jitter_minutes, made.delay_minutes) for made in uploads] == [(3, 1, 2), (8, 1, 2)]
    assert [made.clock_ahead_minutes for made in uploads] == [-5, -5]
    lost, late = cloud.outages
    assert (lost.device, lost.late, late.device, late.late) == (eid, False, other, True)
    assert lost.end
    assert (lost.end - lost.start, late.start) == (timedelta(hours=1), start)


@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("add-ecu,E9", AddEcu(at=NOON, ecu=Ecu(eid="E9"))),
        ("add-ecu,E9,I8,I9", AddEcu(at=NOON, ecu=Ecu(eid="E9", inverters=(Inverter(uid="I8"), Inverter(uid="I9"))))),
        ("remove-ecu,E1", RemoveEcu(at=NOON, eid="E1")),
        ("remove-ecu,E1,1001", RemoveEcu(at=NOON, eid="E1", code=1001)),
        ("replace-ecu,E1,E9,4001", ReplaceEcu(at=NOON, eid="E1", new_eid="E9")),
        ("add-inverter,E1,I9", AddInverter(at=NOON, eid="E1", inverter=Inverter(uid="I9"))),
        ("remove-inverter,I1", RemoveInverter(at=NOON, uid="I1")),
        ("replace-inverter,I1,I9", ReplaceInverter(at=NOON, uid="I1", new_uid="I9")),
        ("move-inverter,I1,E2", MoveInverter(at=NOON, uid="I1", eid="E2")),
        ("list-inverters,E1", ListInverters(at=NOON, eid="E1")),
        ("list-inverters,E1,null", ListInverters(at=NOON, eid="E1", absent=Absent.NULL)),
    ],
)
def test_changes_can_be_written_as_words(word: str, change: Change) -> None:
    assert parse_change(f"+20,{word}", NOON - timedelta(minutes=20)) == change
    assert parse_change(f"{NOON.isoformat()},{word}", NIGHT) == change


@pytest.mark.parametrize(
    "spec", ["", "+5", "+x,remove-ecu,E1", "+5,paint-ecu,E1", "+5,remove-inverter", "+5,list-inverters,E1,some"]
)
def test_words_that_are_no_changes_are_refused(spec: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_change(spec, NOON)


async def test_changes_can_be_ordered_over_http(setup: Setups) -> None:
    here = await setup()
    url, session = f"{here.client.url}/_simulator/changes", here.client.session
    async with session.post(url, json={"order": [f"+0,remove-inverter,{QT2}"]}) as response:
        assert [inverter["uid"] for inverter in (await response.json())["ecus"][0]["inverters"]] == [
            DS3,
            "703000000012",
        ]
    async with session.post(url, json={"sid": SID, "order": [f"+0,remove-inverter,{QT2}"]}) as response:
        assert (response.status, await response.json()) == (400, {"error": f"no inverter {QT2}"})


async def test_help_needs_only_an_old_python_without_packages(tmp_path: Path) -> None:
    """-S hides installed packages; where Python 3.11 is found, that runs it as well."""
    checkout = Path(simulator.__file__).parent.parent
    for python in filter(None, (sys.executable, shutil.which("python3.11"))):
        for arguments, status, stream, text in (
            (["--help"], 0, 0, "--upload-jitter"),
            ([], 1, 1, "scripts/simulator"),
        ):
            process = await asyncio.create_subprocess_exec(
                python, "-S", "-m", "simulator", *arguments, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, cwd=tmp_path, env={"PYTHONPATH": str(checkout)},
            )  # fmt: skip
            output = await process.communicate()
            assert (process.returncode, text in output[stream].decode()) == (status, True), output
            assert arguments or output[1].count(b"\n") == 1


def test_a_name_that_the_simulator_does_not_have_is_an_attribute_error() -> None:
    assert all(getattr(simulator, name) for name in simulator.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = simulator.nothing


def test_an_incomplete_environment_is_one_line_with_the_script_that_prepares_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "simulator.process", None)
    with pytest.raises(SystemExit) as caught:
        main([])
    assert "scripts/simulator" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_package_can_be_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["simulator", "--help"])
    monkeypatch.delitem(sys.modules, "simulator.__main__")
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("simulator", run_name="__main__")
    assert "--upload-phases" in capsys.readouterr().out
