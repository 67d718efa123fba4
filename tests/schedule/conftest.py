"""Makes the package `schedule` importable by itself: its tests need no Home Assistant."""

from pathlib import Path
import sys

INTEGRATION = Path(__file__).parents[2] / "custom_components" / "apsystems_openapi"
sys.path.append(str(INTEGRATION))
