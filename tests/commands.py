"""The commands of CONTRIBUTING, run for real; `scripts/test --all` runs this file. The rest of them is that itself."""
# ruff: noqa: D103, S603

import json
from pathlib import Path
import shutil
import signal
import subprocess

import pytest

from tests.paths import ROOT

LONGEST_S = 600


def output_of(*command: str | Path) -> str:
    """Run a command as a developer does; return what it prints, and fail with it."""
    result = subprocess.run(
        [ROOT / command[0], *command[1:]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:]
    return result.stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("scripts/setup", ".venv"),
        ("scripts/preview", "quota"),
        ("scripts/preview --uploads 15 --delay 2", "-12 "),
        ("scripts/structure --check", "modules"),
        ("scripts/fuzz --seconds 5", "runs in"),
        ("scripts/soak --days 1 --seed 1", "1 passed"),
        ("scripts/benchmark -k test_reads[6]", "1 passed"),
    ],
)
def test_command_works(command: str, said: str) -> None:
    assert said in output_of(*command.split())


def test_preview_draws_pictures(tmp_path: Path) -> None:
    pictures = [tmp_path / name for name in ("year.png", "day.svg")]
    output_of("scripts/preview", "--picture-year", pictures[0], "--picture-day", pictures[1])
    assert all(picture.stat().st_size for picture in pictures)


def test_simulator_serves_until_it_is_stopped() -> None:
    with subprocess.Popen([ROOT / "scripts/simulator"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
    assert ready["url"].startswith("http://127.0.0.1:")
    assert process.returncode == 0


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_screenshots_are_taken(tmp_path: Path) -> None:
    output_of("scripts/screenshots", "--only", "config-flow", "energy-day", "--output", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"config-flow.png", "energy-day.png"}
