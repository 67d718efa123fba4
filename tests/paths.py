"""Folders of the project."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "fixtures"
INTEGRATION = ROOT / "custom_components" / "apsystems_openapi"
