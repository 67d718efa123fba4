"""The two programs for owners run by themselves, name the cause of a failure, and print no secret."""

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
    """Exit status and output of a program."""

    status: int
    output: str


async def run(program: Path, *arguments: str) -> Run:
    """Run a program from the command line."""
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
    """Return the cloud with the sample plant, in the afternoon of a summer day."""
    return Cloud(sample_plant(), now=lambda: datetime(2026, 6, 21, 12, tzinfo=UTC))


def options(url: str, **changed: str) -> list[str]:
    """Return a valid command line; `changed` replaces or adds options."""
    account = {"app_id": DEFAULT_APP_ID, "app_secret": DEFAULT_APP_SECRET, "sid": sample_plant().sid}
    given = account | {"base_url": url} | changed
    return [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]


def assert_no_secret(output: str, secret: str = DEFAULT_APP_SECRET) -> None:
    """Check that the output contains neither the secret nor anything shaped like a signature."""
    assert secret not in output
    assert not re.search(r"[A-Za-z0-9+/]{40,}=", output)


async def test_good_credentials_are_confirmed_by_four_calls(cloud: Cloud) -> None:
    """The output describes the plant, and the number of calls is the announced one."""
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url, date="2026-06-20"))
    assert status == 0
    assert "costs up to 4 of the 1000 calls a month" in output
    assert re.search(r"System details: OK, [\d.]+ kW, 1 ECU, Europe/Paris, all well", output)
    lifetime = cloud.lifetime_kwh(sample_plant().sid)
    assert re.search(rf"Summary: OK, today [\d.]+ kWh, .*, lifetime {lifetime:.2f} kWh", output)
    assert re.search(r"Hourly energy of 2026-06-20: OK, [\d.]+ kWh, the best hour from \d\d:00", output)
    assert "Inverter list: OK, 2 x DS3, 1 x QT2" in output
    assert "All calls succeeded" in output
    assert_no_secret(output)
    assert [(call.kind, call.code) for call in cloud.calls] == [
        (Kind.DETAILS, 0), (Kind.SUMMARY, 0), (Kind.ENERGY, 0), (Kind.INVERTERS, 0),
    ]  # fmt: skip


async def test_no_data_is_not_a_failure(cloud: Cloud) -> None:
    """The day is before the registration of the plant."""
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url, date="2020-01-01"))
    assert status == 0
    assert "Hourly energy of 2020-01-01: OK, no data for this period (yet)" in output


@pytest.mark.parametrize("changed", [{"app_secret": "an0therS3cret"}, {"app_id": "f" * 32}, {"sid": "NOSUCHSYSTEM"}])
async def test_wrong_credentials_cost_one_call(cloud: Cloud, changed: dict[str, str]) -> None:
    """Further calls would fail the same way."""
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url, **changed))
    assert status == 1
    assert "System details: FAILED, code 4000: request not accepted" in output
    assert "Compare App ID, App Secret and System ID" in output
    assert_no_secret(output, changed.get("app_secret", DEFAULT_APP_SECRET))
    assert len(cloud.calls) == 1


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault(kind=FaultKind.CODE, code=2005), "code 2005: the quota of calls is spent"),
        (Fault(kind=FaultKind.CODE, code=7002), "code 7002: too many requests at once, or the server is busy"),
        (Fault(kind=FaultKind.RESET), "cannot reach 127.0.0.1"),
        (Fault(kind=FaultKind.HALF_BODY), "cannot reach 127.0.0.1"),
    ],
    ids=["quota", "throttled", "reset", "half"],
)
async def test_calls_that_would_fail_the_same_way_are_skipped(cloud: Cloud, fault: Fault, message: str) -> None:
    """One failure shows the cause."""
    cloud.order(replace(fault, on=Kind.SUMMARY))
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url))
    assert status == 1
    assert f"Summary: FAILED, {message}" in output
    assert "Skipped 2 calls that would fail the same way." in output
    assert len(cloud.calls) == 2


@pytest.mark.parametrize(
    ("summary", "hourly", "inverters"),
    [
        (
            (Fault(kind=FaultKind.CODE, code=5000), "FAILED, code 5000: error in the cloud"),
            (Fault(kind=FaultKind.NOT_JSON), "FAILED, not an answer of the OpenAPI: <"),
            (Fault(kind=FaultKind.STATUS, status=503), "FAILED, HTTP status 503"),
        ),
        (
            (Fault(kind=FaultKind.CODE, code=9999), "FAILED, code 9999: not in the vendor's manual"),
            (Fault(kind=FaultKind.BODY, body="[]"), "FAILED, not an answer of the OpenAPI: []"),
            (Fault(kind=FaultKind.REDIRECT), "FAILED, HTTP status 302"),
        ),
        (
            (Fault(kind=FaultKind.NONSENSE), "OK, today 0.00 kWh"),
            (Fault(kind=FaultKind.SWAPPED), "OK, but this program does not know the shape"),
            (Fault(kind=FaultKind.STRING_DATA), "OK, but this program does not know the shape"),
        ),
    ],
)
async def test_each_call_has_its_own_result(cloud: Cloud, summary: Order, hourly: Order, inverters: Order) -> None:
    """A failure that concerns one call, or an answer of an unknown shape, does not stop the others."""
    orders = {Kind.SUMMARY: summary, Kind.ENERGY: hourly, Kind.INVERTERS: inverters}
    cloud.order(*(replace(fault, on=kind) for kind, (fault, _) in orders.items()))
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url))
    for _, message in orders.values():
        assert message in output
    assert "System details: OK" in output
    assert "Traceback" not in output
    assert status == ("FAILED" in output)
    assert len([call for call in cloud.calls if call.kind]) == 4


async def test_a_wrong_clock_is_reported() -> None:
    """The clock is compared with the Date header of the server."""

    async def refuse(_: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True)
        return web.json_response({"code": 4000}, headers={"Date": date})

    app = web.Application()
    app.router.add_get("/{path:.*}", refuse)
    async with TestServer(app) as server:
        status, output = await run(TESTCREDS, *options(str(server.make_url("/"))))
    assert status == 1
    assert re.search(r"WARNING, this machine's clock is (59\d|60\d) seconds fast", output)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"app_secret": " "}, "--app-secret missing"),
        ({"app_id": "", "sid": ""}, "--app-id, --sid missing"),
        ({"sid": "one/two"}, "--sid has other characters than letters and digits"),
        ({"base_url": "ftp://127.0.0.1"}, "--base-url must look like https://api.apsystemsema.com:9282"),
        ({"base_url": "http://["}, "--base-url must look like"),
        ({"date": "21.6.2026"}, "'21.6.2026' is not a date like 2026-06-21"),
    ],
)
async def test_an_invalid_command_line_costs_no_call(cloud: Cloud, changed: dict[str, str], message: str) -> None:
    """The options are checked before the first call."""
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url, **changed))
    assert status == 2
    assert message in output
    assert "Traceback" not in output
    assert cloud.calls == []
    assert_no_secret(output)


async def test_the_options_are_those_of_the_original_program() -> None:
    """Existing command lines keep working."""
    status, output = await run(TESTCREDS, "--help")
    assert status == 0
    assert "APsystems OpenAPI credential + endpoint test" in output
    assert {"--app-id", "--app-secret", "--sid", "--base-url", "--date"} == {
        word for word in re.findall(r"--[a-z-]+", output) if word != "--help"
    }


async def test_the_content_type_test_runs_completely() -> None:
    """On this version of Python the tests of the integration's client run as well."""
    status, output = await run(MIMETYPE)
    assert status == 0, output
    assert "Ran 4 tests" in output
    assert "skipped" not in output


@pytest.mark.parametrize("program", [TESTCREDS, MIMETYPE], ids=lambda path: path.stem)
def test_the_programs_run_on_python_3_9(program: Path) -> None:
    """Owners have older versions of Python."""
    ast.parse(program.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("body", ['{"code": Infinity}', '{"code": null}', "[" * 100_000], ids=lambda body: body[:20])
async def test_any_answer_ends_in_a_message(cloud: Cloud, body: str) -> None:
    """The program prints no traceback."""
    cloud.order(Fault(kind=FaultKind.BODY, body=body))
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url))
    assert status == 1
    assert "System details: FAILED, not an answer of the OpenAPI" in output
    assert "Traceback" not in output


async def test_text_that_the_terminal_cannot_print_is_replaced(cloud: Cloud) -> None:
    """The answer contains half of a surrogate pair."""
    cloud.order(Fault(kind=FaultKind.BODY, body='{"code": 0, "data": {"timezone": "\\ud800"}}', on=Kind.DETAILS))
    async with cloud.serve() as url:
        status, output = await run(TESTCREDS, *options(url))
    assert (status, "System details: OK, 0 ECUs, ?" in output) == (0, True)
