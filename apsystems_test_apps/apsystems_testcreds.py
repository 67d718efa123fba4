#!/usr/bin/env python3
"""Try APsystems OpenAPI credentials outside Home Assistant.

Needs Python 3.9 or newer and aiohttp (pip install aiohttp). Give the credentials as options, or write them
into the constants below. The program makes up to four calls, prints the result of each, and for an error what to
do. It never prints the App Secret or a signature.

Exit status: 0 all calls succeeded, 1 a call failed, 2 the command line is wrong (then no call was made).
"""

import argparse
import asyncio
import base64
from collections import Counter
from datetime import date, datetime, timezone
from email.utils import parsedate_to_datetime
import hashlib
import hmac
import io
import json
import math
import re
import ssl
import sys
import time
from typing import Any, Callable, NamedTuple, Optional
from urllib.parse import urlsplit
import uuid

import aiohttp

# Your credentials, if you prefer not to type them each time.
APP_ID = ""
APP_SECRET = ""
SID = ""
BASE_URL = "https://api.apsystemsema.com:9282"

Json = Any  # an answer of the cloud, of any shape

MONTHLY_QUOTA = 1000
TIMEOUT_S = 30
DRIFT_WARNING_S = 60

CREDENTIALS = "Compare App ID, App Secret and System ID with the OpenAPI page of your EMA account"
ADVICE = {
    1000: ("data exception in the cloud", "A temporary failure of the cloud: try again later."),
    1001: ("no data for this period (yet)", "Nothing is wrong."),
    2000: ("the account is unknown", CREDENTIALS + "."),
    2001: ("the account is not authorized", "Ask APsystems to approve your OpenAPI account."),
    2002: ("the authorization has expired", "Ask APsystems to renew your OpenAPI account."),
    2003: ("the account is not authorized", "Ask APsystems to approve your OpenAPI account."),
    2004: ("no permission for this system", "Check the System ID: this App ID has no access to that system."),
    2005: (
        "the quota of calls is spent",
        "Wait until it is renewed, usually on the 1st of the month. All programs with this App ID share it.",
    ),
    4000: (
        "request not accepted: wrong signature, credentials or System ID",
        CREDENTIALS + ", look for blanks and for 0/O or 1/l, and synchronize this machine's clock (NTP).",
    ),
    4001: ("request not accepted: bad parameter", "Check the System ID and the date."),
    5000: ("error in the cloud", "Happens now and then with hourly energy: try again later."),
    6000: ("communication error in the cloud", "A temporary failure of the cloud: try again later."),
}
STATUS_LIGHTS = {1: "all well", 2: "some inverters alarm", 3: "ECU off line", 4: "nothing uploaded yet"}


class CallError(Exception):
    """A call failed; `pointless` when the remaining calls would fail the same way."""

    def __init__(self, problem: str, advice: str, pointless: bool = False) -> None:
        super().__init__(problem)
        self.advice = advice
        self.pointless = pointless


class Account(NamedTuple):
    """Credentials, system and address."""

    app_id: str
    app_secret: str
    sid: str
    base_url: str


class Call(NamedTuple):
    """A request below /user/api/v2/systems/, and a function that describes its answer in one line."""

    title: str
    path: str
    query: dict[str, str]
    describe: Callable[[Json], str]


def parse_answer(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a response body: `code` as int, and `data`.

    The content type is ignored, since the cloud sometimes sends JSON as application/octet-stream. Raises CallError
    when the body is not a JSON object with a numeric `code`.
    """
    text = body.decode("utf-8-sig", errors="replace").strip()
    try:
        answer = json.loads(text)
        return {**answer, "code": int(answer["code"])}
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        start = " ".join(text[:60].split()) or "(empty)"
        raise CallError(
            f"not an answer of the OpenAPI: {start}",
            "Check the base URL; a proxy or a login page of your network may have answered.",
        ) from None


def code_error(code: int) -> CallError:
    """Return the error of a response code, with its meaning and advice."""
    if 7000 <= code <= 7003:
        return CallError(
            f"code {code}: too many requests at once, or the server is busy",
            "Wait some minutes, then try again while no other program makes calls.",
            pointless=True,
        )
    if 3000 <= code <= 3004:
        return CallError(f"code {code}: access token refused", CREDENTIALS + ".", pointless=True)
    meaning, advice = ADVICE.get(code, ("not in the vendor's manual", "Try again later."))
    return CallError(f"code {code}: {meaning}", advice, pointless=2000 <= code <= 2005 or code == 4000)


def signed_headers(account: Account, path: str) -> dict[str, str]:
    """Return the headers of a GET request. Only the last segment of the path is signed, without the query."""
    timestamp, nonce, method = str(int(time.time() * 1000)), uuid.uuid4().hex, "HmacSHA256"
    message = "/".join([timestamp, nonce, account.app_id, path.rsplit("/", 1)[-1], "GET", method])
    digest = hmac.new(account.app_secret.encode(), message.encode(), hashlib.sha256).digest()
    return {
        "X-CA-AppId": account.app_id,
        "X-CA-Timestamp": timestamp,
        "X-CA-Nonce": nonce,
        "X-CA-Signature-Method": method,
        "X-CA-Signature": base64.b64encode(digest).decode(),
    }


def sent_once() -> dict[str, Any]:
    """Return options that stop aiohttp from sending a request again after a lost connection.

    A repeated request would cost one more call than announced. aiohttp before 3.12 has no such option.
    """
    if not hasattr(aiohttp, "ClientHandlerType"):
        return {}
    sent = []

    async def once(request: aiohttp.ClientRequest, send: Callable[..., Any]) -> aiohttp.ClientResponse:
        if sent:
            raise aiohttp.ServerDisconnectedError
        sent.append(request)
        return await send(request)

    return {"middlewares": (once,)}


class Connection:
    """Makes calls and compares the server's clock with the one of this machine."""

    def __init__(self, session: aiohttp.ClientSession, account: Account) -> None:
        """`drift_s` is how far this machine's clock is ahead of the server's; None when unknown."""
        self._session = session
        self._account = account
        self.drift_s: Optional[float] = None

    async def data(self, call: Call) -> Json:
        """Return `data` of an answer; None when there is no data for the period. Raises CallError."""
        path = f"/user/api/v2/systems/{call.path}"
        host = urlsplit(self._account.base_url).netloc
        try:
            async with self._session.get(
                self._account.base_url + path,
                params=call.query,
                headers=signed_headers(self._account, path),
                allow_redirects=False,  # a redirect would carry the signed headers to another server
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                **sent_once(),
            ) as response:
                self._compare_clocks(response.headers.get("Date"))
                body, status = await response.read(), response.status
        except asyncio.TimeoutError:
            problem = f"no answer within {TIMEOUT_S} seconds"
            raise CallError(problem, "Try again later.", pointless=True) from None
        except (aiohttp.ClientSSLError, ssl.SSLError):
            raise CallError(
                f"the certificate of {host} is not valid",
                "Check the base URL and this machine's clock.",
                pointless=True,
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: invalid URL
            raise CallError(
                f"cannot reach {host} ({type(error).__name__})",
                "Check the base URL and the network; a firewall may block port 9282.",
                pointless=True,
            ) from None
        if status != 200:
            raise CallError(f"HTTP status {status}", "Check the base URL; if it is right, try again later.")
        answer = parse_answer(body)
        if answer["code"] not in (0, 1001):
            raise code_error(answer["code"])
        return answer.get("data") if answer["code"] == 0 else None

    def _compare_clocks(self, header: Optional[str]) -> None:
        try:
            server = parsedate_to_datetime(header or "")
        except (TypeError, ValueError, IndexError):
            return
        if server.tzinfo is None:
            server = server.replace(tzinfo=timezone.utc)
        self.drift_s = (datetime.now(timezone.utc) - server).total_seconds()


def number(value: Json) -> float:
    """Return a number, or a text that is one, as float; 0 for anything else."""
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return result if math.isfinite(result) else 0.0


def describe_details(data: Json) -> str:
    """Describe the system: capacity, ECUs, time zone, status light."""
    ecus = len(data.get("ecu") or [])
    facts = [f"{data['capacity']} kW" if data.get("capacity") else "", f"{ecus} ECU{'s' * (ecus != 1)}"]
    facts += [str(data.get("timezone") or ""), STATUS_LIGHTS.get(int(number(data.get("light"))), "")]
    return ", ".join(fact for fact in facts if fact)


def describe_summary(data: Json) -> str:
    """Describe the four totals."""
    today = "nothing yet" if data.get("today") is None else f"{number(data['today']):.2f} kWh"
    rest = [f"{name} {number(data.get(name)):.2f} kWh" for name in ("month", "year", "lifetime")]
    return ", ".join([f"today {today}", *rest])


def describe_hourly(data: Json) -> str:
    """Describe the energy of the day and its best hour."""
    hours = [number(value) for value in data]
    if not any(hours):
        return "no production on this day (yet)"
    best = max(range(len(hours)), key=lambda hour: hours[hour])
    return f"{sum(hours):.2f} kWh, the best hour from {best:02}:00 with {hours[best]:.2f} kWh"


def describe_inverters(data: Json) -> str:
    """Describe the inverters: how many of each type."""
    types = Counter(str(inverter.get("type")) for ecu in data for inverter in ecu.get("inverter") or [])
    return ", ".join(f"{count} x {kind}" for kind, count in sorted(types.items())) or "no inverters listed"


def calls(sid: str, day: date) -> list[Call]:
    """Return the calls in the order in which they are made."""
    hourly = {"energy_level": "hourly", "date_range": day.isoformat()}
    return [
        Call("System details", f"details/{sid}", {}, describe_details),
        Call("Summary", f"summary/{sid}", {}, describe_summary),
        Call(f"Hourly energy of {day}", f"energy/{sid}", hourly, describe_hourly),
        Call("Inverter list", f"inverters/{sid}", {}, describe_inverters),
    ]


async def try_call(connection: Connection, call: Call) -> Optional[CallError]:
    """Make a call, print its result, and return the error if it failed."""
    try:
        data = await connection.data(call)
    except CallError as error:
        print(f"{call.title}: FAILED, {error}\n    {error.advice}")
        return error
    print(f"{call.title}: OK, {sentence(call, data)}")
    return None


async def test(account: Account, day: date) -> bool:
    """Make the calls and print their results. Return whether all succeeded."""
    planned = calls(account.sid, day)
    print(f"Testing {account.base_url}")
    print(f"This costs up to {len(planned)} of the {MONTHLY_QUOTA} calls a month of a free account.\n")
    succeeded = True
    async with aiohttp.ClientSession() as session:
        connection = Connection(session, account)
        for left, call in zip(reversed(range(len(planned))), planned):
            if error := await try_call(connection, call):
                succeeded = False
                if error.pointless and left:
                    print(f"Skipped {left} calls that would fail the same way.")
                    break
    print_clock(connection.drift_s)
    print("All calls succeeded: these credentials work." if succeeded else "At least one call failed.")
    return succeeded


def sentence(call: Call, data: Json) -> str:
    """Describe an answer; one of an unknown shape still means that the call was accepted."""
    if data is None:
        return ADVICE[1001][0]
    try:
        return call.describe(data)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "but this program does not know the shape of the answer"


def print_clock(drift_s: Optional[float]) -> None:
    """Print whether a wrong clock can be the cause of refused signatures."""
    if drift_s is None:
        print("\nClock: the server sent no time.")
    elif abs(drift_s) < DRIFT_WARNING_S:
        print("\nClock: correct, by the server's time.")
    else:
        side = "fast" if drift_s > 0 else "slow"
        print(f"\nClock: WARNING, this machine's clock is {abs(drift_s):.0f} seconds {side}, by the server's time.")
        print("    Signatures contain the time: synchronize this machine's clock (NTP).")


def day_argument(value: str) -> date:
    """Return the date of an argument YYYY-MM-DD."""
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a date like 2026-06-21") from None


def parse_arguments() -> tuple[Account, date]:
    """Parse and check the command line. Exits with status 2 when an option is missing or invalid."""
    parser = argparse.ArgumentParser(description="APsystems OpenAPI credential + endpoint test")
    parser.add_argument("--app-id", default=APP_ID)
    parser.add_argument("--app-secret", default=APP_SECRET)
    parser.add_argument("--sid", default=SID)
    parser.add_argument("--base-url", default=BASE_URL)
    parser.add_argument(
        "--date",
        type=day_argument,
        default=date.today(),  # noqa: DTZ011
        help="YYYY-MM-DD for hourly test (default: today)",
    )
    options = parser.parse_args()
    base_url = options.base_url.strip().rstrip("/")
    if "://" not in base_url:
        base_url = f"https://{base_url}"
    account = Account(options.app_id.strip(), options.app_secret.strip(), options.sid.strip(), base_url)
    given = {"--app-id": account.app_id, "--app-secret": account.app_secret, "--sid": account.sid}
    if missing := [name for name, value in given.items() if not value]:
        parser.error(f"{', '.join(missing)} missing: give it as an option or write it at the top of this file")
    for name in ("--app-id", "--sid"):
        if not re.fullmatch(r"[A-Za-z0-9_-]+", given[name]):
            parser.error(f"{name} has other characters than letters and digits: was something else copied along?")
    if not re.fullmatch(r"https?://(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?(/[^\s?#]*)?", account.base_url):
        parser.error(f"--base-url must look like {BASE_URL}")
    return account, options.date


def main() -> int:
    """Run the test and return the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an answer can contain characters that the terminal cannot print
    account, day = parse_arguments()
    return 0 if asyncio.run(test(account, day)) else 1


if __name__ == "__main__":
    sys.exit(main())
