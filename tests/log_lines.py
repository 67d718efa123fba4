"""Parts of the integration's log lines that tests look for."""

import re

FETCH_FAILED = re.compile(r"Failed to fetch (\S+), (keeping the last values|fetching summaries instead)")
FETCH_WORKS = re.compile(r"Fetching (\S+) works again")
REAUTHENTICATION = "Authentication failed, reauthentication started"
AUTHENTICATION_WORKS = "Authentication works again"
CALLS_WORK = "accepts calls again"
QUOTA_SPENT = "calls of this month are spent"
LEDGER_FAILED = "Failed to write the ledger"
LEDGER_WORKS = "ledger of calls can be written again"
SUMMARIES_INSTEAD = "fetching summaries instead"
NO_RECORDER = "The recorder is off"
STATISTICS_FAILED = "Failed to write statistics"
STATISTICS_WORK = "Writing statistics works again"
PLAN = "scan-interval"
