"""The requests that Home Assistant's pages make for a user."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .connection import Connection, RequestRefusedError

type Json = dict[str, Any]

_FLOWS = "/api/config/config_entries/flow"
_OPTIONS = "/api/config/config_entries/options/flow"


@dataclass(frozen=True)
class User:
    """The owner of the demo's Home Assistant."""

    name: str = "Demo"
    username: str = "demo"
    password: str = "demo"  # noqa: S105 - printed for everybody to use


@dataclass(frozen=True)
class Home:
    """The home's place and its settings."""

    latitude: float
    """In degrees."""
    longitude: float
    """In degrees."""
    time_zone: str
    """A name such as `Europe/Berlin`."""
    elevation: int = 0
    """Above the sea, in metres."""
    name: str = "Home"
    country: str = "DE"
    """ISO 3166 code."""
    currency: str = "EUR"
    """ISO 4217 code."""


@dataclass(frozen=True)
class Entity:
    """One entry of the entity registry, and its state."""

    entity_id: str
    unique_id: str
    device_id: str | None
    """The registry's id; None without a device."""
    disabled: bool
    state: str | None
    """None while the entity is disabled or not added yet."""
    attributes: Json
    """Empty without a state."""

    @property
    def name(self) -> str:
        """The name that pages show."""
        return str(self.attributes.get("friendly_name", ""))

    @property
    def unit(self) -> str:
        """The unit; empty without one."""
        return str(self.attributes.get("unit_of_measurement", ""))

    @property
    def number(self) -> float | None:
        """The state as a number; None when it is not a number."""
        try:
            return float(self.state or "")
        except ValueError:
            return None


class Client(Connection):
    """Onboarding, flows, registries, services and the Energy dashboard."""

    async def onboard(self, user: User, home: Home) -> None:
        """Complete the onboarding, whose step `core_config` is done already, and stay signed in as `user`."""
        answer = await self.rest(
            "POST",
            "/api/onboarding/users",
            {
                "name": user.name,
                "username": user.username,
                "password": user.password,
                "client_id": self.client_id,
                "language": "en",
            },
        )
        await self.take_code(answer["auth_code"])
        await self.configure_core(home)
        await self.rest("POST", "/api/onboarding/analytics")
        await self.rest(
            "POST",
            "/api/onboarding/integration",
            {"client_id": self.client_id, "redirect_uri": f"{self.client_id}?auth_callback=1"},
        )

    async def configure_core(self, home: Home) -> None:
        """Set the place, the time zone, the units and the language."""
        await self.ws(
            "config/core/update",
            latitude=home.latitude,
            longitude=home.longitude,
            elevation=home.elevation,
            time_zone=home.time_zone,
            location_name=home.name,
            country=home.country,
            currency=home.currency,
            unit_system="metric",
            language="en",
        )

    async def show_times_of_home(self) -> None:
        """Set the user's profile to the time zone of the home; the default is that of the browser."""
        language = dict.fromkeys(("number_format", "time_format", "date_format", "first_weekday"), "language")
        await self.ws(
            "frontend/set_user_data", key="language", value={"language": "en-GB", **language, "time_zone": "server"}
        )

    async def start_flow(self, handler: str) -> Json:
        """Open the config flow of an integration; the answer has `flow_id` and the form."""
        return await self._object("POST", _FLOWS, {"handler": handler, "show_advanced_options": False})

    async def submit_flow(self, flow_id: str, user_input: Mapping[str, object]) -> Json:
        """Send one form of a config flow."""
        return await self._object("POST", f"{_FLOWS}/{flow_id}", dict(user_input))

    async def run_flow(self, handler: str, user_input: Mapping[str, object]) -> Json:
        """Open a config flow and send its first form; the answer is a created entry, or a form with errors."""
        flow = await self.start_flow(handler)
        return await self.submit_flow(flow["flow_id"], user_input)

    async def start_options(self, entry_id: str) -> Json:
        """Open the options of an entry."""
        return await self._object("POST", _OPTIONS, {"handler": entry_id})

    async def submit_options(self, flow_id: str, user_input: Mapping[str, object]) -> Json:
        """Send one form of the options."""
        return await self._object("POST", f"{_OPTIONS}/{flow_id}", dict(user_input))

    async def remove_entry(self, entry_id: str) -> None:
        """Remove a config entry."""
        await self.rest("DELETE", f"/api/config/config_entries/entry/{entry_id}")

    async def entries(self, domain: str) -> list[Json]:
        """List the config entries of an integration, with their `state`."""
        return list(await self.ws("config_entries/get", domain=domain))

    async def devices(self, entry_id: str) -> list[Json]:
        """List the devices of a config entry."""
        devices: list[Json] = await self.ws("config/device_registry/list")
        return [device for device in devices if entry_id in device.get("config_entries", ())]

    async def states(self) -> dict[str, Json]:
        """Return every state by entity id."""
        return {state["entity_id"]: state for state in await self.ws("get_states")}

    async def entities(self, platform: str) -> list[Entity]:
        """List the entities of an integration by unique id, including disabled ones."""
        states = await self.states()
        registry: list[Json] = await self.ws("config/entity_registry/list")
        entities = [
            Entity(
                entity_id=item["entity_id"],
                unique_id=str(item["unique_id"]),
                device_id=item["device_id"],
                disabled=item["disabled_by"] is not None,
                state=states.get(item["entity_id"], {}).get("state"),
                attributes=states.get(item["entity_id"], {}).get("attributes", {}),
            )
            for item in registry
            if item["platform"] == platform
        ]
        return sorted(entities, key=lambda entity: entity.unique_id)

    async def call_service(self, domain: str, service: str, entity_id: str) -> None:
        """Call a service on one entity, and wait until it has finished."""
        await self.ws("call_service", domain=domain, service=service, target={"entity_id": entity_id})

    async def save_solar_source(self, entity_id: str, *, power: str) -> None:
        """Make a sensor or a statistic the only solar source of the Energy dashboard, with a sensor of its power."""
        source = {
            "type": "solar",
            "stat_energy_from": entity_id,
            "stat_rate": power,
            "config_entry_solar_forecast": None,
        }
        others = [other for other in await self.energy_sources() if other["type"] != "solar"]
        await self.ws("energy/save_prefs", energy_sources=[source, *others])

    async def energy_sources(self) -> list[Json]:
        """Return the sources of the Energy dashboard."""
        try:
            prefs: Json = await self.ws("energy/get_prefs")
        except RequestRefusedError:  # nobody has saved any
            return []
        return list(prefs["energy_sources"])

    async def validate_energy(self) -> list[Json]:
        """Return the problems of the Energy dashboard's sources."""
        answer = await self.ws("energy/validate")
        return [issue for issues in answer["energy_sources"] for issue in issues]

    async def statistics(
        self, statistic_ids: Iterable[str], start: datetime, period: str = "5minute"
    ) -> dict[str, list[Json]]:
        """Return rows of the long- or short-term statistics from `start` on, by statistic id."""
        return dict(
            await self.ws(
                "recorder/statistics_during_period",
                start_time=start.isoformat(),
                statistic_ids=list(statistic_ids),
                period=period,
            )
        )

    async def _object(self, method: str, path: str, body: Json) -> Json:
        answer: Json = await self.rest(method, path, body)
        return answer
