"""Whether Home Assistant has started from a backup, which takes the stored files back in time."""

import os
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

SUPERVISOR_VARIABLE: Final = "SUPERVISOR_RESTORE_JOB_ID"


@callback
def restore_id(hass: HomeAssistant) -> str | None:
    """Return an id of the restore that this run of Home Assistant has begun with; None when it began with none.

    Home Assistant has no interface for it. Supervisor sets a variable for its backup integration, which is still there
    after later restarts; elsewhere that integration keeps the event in memory.
    """
    if job := os.environ.get(SUPERVISOR_VARIABLE):
        return job
    event = getattr(hass.data.get("backup"), "last_action_event", None)
    is_restore = getattr(event, "manager_state", None) == "restore_backup"
    if is_restore and getattr(event, "state", None) == "completed":
        return dt_util.utcnow().isoformat()
    return None
