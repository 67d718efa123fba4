"""Home Assistant's log, and the records in it that name this integration."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
import re

DOMAIN = "apsystems_openapi"

_HEAD = re.compile(
    r"\d{4}-\d\d-\d\d [\d:.]+ (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) \([^)]*\) \[(?P<logger>[^]]+)\] "
)
_EXPECTED = "has not been tested by Home Assistant"  # logged for every custom integration


@dataclass(frozen=True)
class Record:
    """One record of the log."""

    level: str
    """A name such as `WARNING`."""
    logger: str
    """The logger's name."""
    text: str
    """All of it, including its head and its traceback."""

    @property
    def is_problem(self) -> bool:
        """Whether it is a warning or an error that names this integration anywhere in its text.

        Deprecations are warnings too: Home Assistant names the integration, Python names the file.
        """
        if self.level in {"DEBUG", "INFO"} or DOMAIN not in self.text:
            return False
        return _EXPECTED not in self.text


def records(lines: Iterable[str]) -> Iterator[Record]:
    """Join the lines of a log into records. Lines before the first record count as an error."""
    level, logger, text = "ERROR", "", ""
    for line in lines:
        if head := _HEAD.match(line):
            if text:
                yield Record(level, logger, text)
            level, logger, text = head["level"], head["logger"], line
        else:
            text = f"{text}\n{line}" if text else line
    if text:
        yield Record(level, logger, text)


def problems(lines: Iterable[str]) -> list[Record]:
    """Return the records that a clean run does not have."""
    return [record for record in records(lines) if record.is_problem]
