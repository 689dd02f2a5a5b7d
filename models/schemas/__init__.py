"""JSON Schemas (2020-12) of what other systems read: each version is a file that never changes."""

from pathlib import Path

DIRECTORY = Path(__file__).parent
