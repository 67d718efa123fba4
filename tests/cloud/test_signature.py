"""Signatures are those of the contract (`api.md` §2), and each request has its own."""
# ruff: noqa: D103 -- test names say what they check

from datetime import datetime

import pytest

from custom_components.apsystems_openapi.cloud import sign
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET

from .raw_server import RawServer, header
from .service import EID, PARIS, SID, Service, serving

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.parametrize(
    ("segment", "signature"),
    [
        ("AZ12649A3DFF", "TR4H5iTsS5F/vUYrVxXcn/UO3XiJCli/CpgsPpfsi/U="),
        ("203000001234", "7f6GAo2Ug/TI34qHu6neBBY5v34DeeMpUxSWlQl4H7U="),
        ("703000012345", "4TdI5o11lNqxltMqvwTS4EHp+g0POIMWt6G/T1tVh2I="),
    ],
)
@pytest.mark.parametrize("before", ["", "/user/api/v2/systems/details/", "/user/api/v2/systems/X/devices/ecu/energy/"])
def test_the_last_segment_of_the_path_is_signed(before: str, segment: str, signature: str) -> None:
    app_id, secret = "0123456789abcdef0123456789abcdef", "s3cr3tS3cr3t"
    assert sign(app_id, secret, before + segment, "1751284800000", "5e36eab8295911ee90751eff13c2920b") == signature


async def test_the_cloud_accepts_timestamp_and_nonce() -> None:
    """The simulated cloud accepts each nonce once and here also checks the clock."""
    async with serving(max_clock_skew_s=60) as service:
        service.now = datetime.now(PARIS)
        await service.client().details()
        await service.client().details()
        assert [call.code for call in service.cloud.calls] == [0, 0]


async def test_every_request_has_its_own_nonce_and_signature(service: Service) -> None:
    async with RawServer() as server:
        for _ in range(2):
            await service.client(base_url=server.url).summary()
    first, second = server.requests
    for name in ("x-ca-nonce", "x-ca-signature"):
        assert header(first, name) != header(second, name)


@pytest.mark.parametrize(
    "changes", [{"app_id": f" {DEFAULT_APP_ID}\n"}, {"app_secret": f"\t{DEFAULT_APP_SECRET} "}, {"sid": f" {SID} "}]
)
async def test_blanks_around_credentials_are_ignored(service: Service, changes: dict[str, str]) -> None:
    assert (await service.client(**changes).details()).ecus == (EID,)
