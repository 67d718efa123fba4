"""What Home Assistant's log says about this integration."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
import re

DOMAIN = "apsystems_openapi"

_HEAD = re.compile(
    r"\d{4}-\d\d-\d\d [\d:.]+ (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) \([^)]*\) \[(?P<logger>[^]]+)\] "
)
_NOT_OURS_TO_MEND = "has not been tested by Home Assistant"


@dataclass(frozen=True)
class Record:
    """One record of the log; `text` is the whole of it, with its head and its traceback."""

    level: str
    logger: str
    text: str

    @property
    def is_complaint(self) -> bool:
        """Whether it is a warning or worse that names this integration, wherever in the record.

        Deprecations are warnings too: Home Assistant names the integration, Python the file.
        """
        if self.level in {"DEBUG", "INFO"} or DOMAIN not in self.text:
            return False
        return _NOT_OURS_TO_MEND not in self.text


def records(lines: Iterable[str]) -> Iterator[Record]:
    """Put the lines of a log together to records. What precedes the first one counts as an error."""
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


def complaints(lines: Iterable[str]) -> list[Record]:
    """Pick the records that a clean run does not have."""
    return [record for record in records(lines) if record.is_complaint]
