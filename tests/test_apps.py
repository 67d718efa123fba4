"""The two programs for owners run alone, say what is wrong in plain words, and give no secret away."""

import ast
import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
import re
import sys
from typing import NamedTuple

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Cloud, Fault, FaultKind, Kind, sample_plant

pytestmark = pytest.mark.usefixtures("socket_enabled")

APPS = Path(__file__).parent.parent / "apsystems_test_apps"
TESTCREDS = APPS / "apsystems_testcreds.py"
MIMETYPE = APPS / "test_json_mimetype.py"


type Order = tuple[Fault, str]


class Run(NamedTuple):
    """How a program ended."""

    status: int
    output: str


async def run(program: Path, *arguments: str) -> Run:
    """Run a program as an owner does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-B",
        str(program),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return Run(process.returncode or 0, output.decode())


@pytest.fixture
def cloud() -> Cloud:
    """Make a plant on the afternoon of a summer day."""
    return Cloud(sample_plant(), now=lambda: datetime(2026, 6, 21, 12, tzinfo=UTC))


def options(url: str, **changed: str) -> list[str]:
    """Write the command line, in which `changed` replaces or adds options."""
    account = {"app_id": DEFAULT_APP_ID, "app_secret": DEFAULT_APP_SECRET, "sid": sample_plant().sid}
    given = account | {"base_url": url} | changed
    return [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]


def assert_no_secret(output: str, secret: str = DEFAULT_APP_SECRET) -> None:
    """Look for the secret, and for anything that has the form of a signature."""
    assert secret not in output
    assert not re.search(r"[A-Za-z0-9+/]{40,}=", output)


async def test_good_credentials_are_confirmed_by_four_calls(cloud: Cloud) -> None:
    """The owner sees the plant, at the cost that was announced."""
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url, date="2026-06-20"))
    assert status == 0
    assert "costs up to 4 calls of the 1000 a month" in output
    assert re.search(r"System details: OK, [\d.]+ kW, 1 ECU, Europe/Paris, all well", output)
    lifetime = cloud.lifetime_kwh(sample_plant().sid)
    assert re.search(rf"Summary: OK, today [\d.]+ kWh, .*, lifetime {lifetime:.2f} kWh", output)
    assert re.search(r"Hourly energy of 2026-06-20: OK, [\d.]+ kWh, the best hour from \d\d:00", output)
    assert "Inverter list: OK, 2 x DS3, 1 x QT2" in output
    assert "All well" in output
    assert_no_secret(output)
    assert [(call.kind, call.code) for call in cloud.calls] == [
        (Kind.DETAILS, 0), (Kind.SUMMARY, 0), (Kind.ENERGY, 0), (Kind.INVERTERS, 0),
    ]  # fmt: skip


async def test_no_data_is_no_failure(cloud: Cloud) -> None:
    """A day before the plant was there."""
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url, date="2020-01-01"))
    assert status == 0
    assert "Hourly energy of 2020-01-01: OK, no data for this period (yet)" in output


@pytest.mark.parametrize("changed", [{"app_secret": "an0therS3cret"}, {"app_id": "f" * 32}, {"sid": "NOSUCHSYSTEM"}])
async def test_wrong_credentials_cost_one_call(cloud: Cloud, changed: dict[str, str]) -> None:
    """Asking on would only spend the quota."""
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url, **changed))
    assert status == 1
    assert "System details: FAILED, code 4000: request not accepted" in output
    assert "Compare App ID, App Secret and System ID" in output
    assert_no_secret(output, changed.get("app_secret", DEFAULT_APP_SECRET))
    assert len(cloud.calls) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(kind=FaultKind.CODE, code=2005), "code 2005: the quota of calls is spent"),
        (Fault(kind=FaultKind.CODE, code=7002), "code 7002: the server holds this account back"),
        (Fault(kind=FaultKind.RESET), "cannot reach 127.0.0.1"),
        (Fault(kind=FaultKind.HALF_BODY), "cannot reach 127.0.0.1"),
    ],
    ids=["quota", "throttled", "reset", "half"],
)
async def test_no_call_is_made_that_can_only_fail(cloud: Cloud, fault: Fault, said: str) -> None:
    """The first one told all that there is to learn."""
    cloud.order(replace(fault, on=Kind.SUMMARY))
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url))
    assert status == 1
    assert f"Summary: FAILED, {said}" in output
    assert "Not made, since they can only end the same way: 2 calls." in output
    assert len(cloud.calls) == 2


@pytest.mark.parametrize(
    ("summary", "hourly", "inverters"),
    [
        (
            (Fault(kind=FaultKind.CODE, code=5000), "FAILED, code 5000: error inside the cloud"),
            (Fault(kind=FaultKind.NOT_JSON), "FAILED, the answer is not that of the OpenAPI: <"),
            (Fault(kind=FaultKind.STATUS, status=503), "FAILED, HTTP status 503"),
        ),
        (
            (Fault(kind=FaultKind.CODE, code=9999), "FAILED, code 9999: not in the vendor's manual"),
            (Fault(kind=FaultKind.BODY, body="[]"), "FAILED, the answer is not that of the OpenAPI: []"),
            (Fault(kind=FaultKind.REDIRECT), "FAILED, HTTP status 302"),
        ),
        (
            (Fault(kind=FaultKind.NONSENSE), "OK, today 0.00 kWh"),
            (Fault(kind=FaultKind.SWAPPED), "OK, though the answer has a form that"),
            (Fault(kind=FaultKind.STRING_DATA), "OK, though the answer has a form that"),
        ),
    ],
)
async def test_each_call_is_judged_by_itself(cloud: Cloud, summary: Order, hourly: Order, inverters: Order) -> None:
    """Trouble with one says nothing of the next, and nonsense stops nothing."""
    orders = {Kind.SUMMARY: summary, Kind.ENERGY: hourly, Kind.INVERTERS: inverters}
    cloud.order(*(replace(fault, on=kind) for kind, (fault, _) in orders.items()))
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url))
    for _, said in orders.values():
        assert said in output
    assert "System details: OK" in output
    assert "Traceback" not in output
    assert status == ("FAILED" in output)
    assert len([call for call in cloud.calls if call.kind]) == 4


async def test_a_clock_that_is_off_is_found() -> None:
    """The server's Date header is all that it takes."""

    async def refuse(_: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True)
        return web.json_response({"code": 4000}, headers={"Date": date})

    app = web.Application()
    app.router.add_get("/{path:.*}", refuse)
    async with TestServer(app) as server:
        status, output = await run(TESTCREDS, *options(str(server.make_url("/"))))
    assert status == 1
    assert re.search(r"WARNING, this machine is (59\d|60\d) seconds ahead of the server", output)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"app_secret": " "}, "--app-secret missing"),
        ({"app_id": "", "sid": ""}, "--app-id, --sid missing"),
        ({"sid": "one/two"}, "--sid may have letters and digits only"),
        ({"base_url": "ftp://127.0.0.1"}, "--base-url must look like https://api.apsystemsema.com:9282"),
        ({"base_url": "http://["}, "--base-url must look like"),
        ({"date": "21.6.2026"}, "'21.6.2026' is not a date like 2026-06-21"),
    ],
)
async def test_a_wrong_command_line_costs_no_call(cloud: Cloud, changed: dict[str, str], said: str) -> None:
    """What cannot be right is said at once."""
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url, **changed))
    assert status == 2
    assert said in output
    assert "Traceback" not in output
    assert cloud.calls == []
    assert_no_secret(output)


async def test_options_are_those_that_people_know() -> None:
    """The original program's command line goes on working."""
    status, output = await run(TESTCREDS, "--help")
    assert status == 0
    assert "APsystems OpenAPI credential + endpoint test" in output
    assert {"--app-id", "--app-secret", "--sid", "--base-url", "--date"} == {
        word for word in re.findall(r"--[a-z-]+", output) if word != "--help"
    }


async def test_content_type_test_runs_alone_and_skips_nothing() -> None:
    """On this Python the integration's own client is among what it tests."""
    status, output = await run(MIMETYPE)
    assert status == 0, output
    assert "Ran 4 tests" in output
    assert "skipped" not in output


@pytest.mark.parametrize("program", [TESTCREDS, MIMETYPE], ids=lambda path: path.stem)
def test_programs_stay_readable_for_python_3_9(program: Path) -> None:
    """Owners run them with whatever Python they have."""
    ast.parse(program.read_text(encoding="utf-8"), feature_version=(3, 9))
