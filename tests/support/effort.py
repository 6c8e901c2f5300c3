"""How long property tests run: briefly, or for minutes with FUZZ=full."""

import os

from hypothesis import settings

FULL = os.environ.get("FUZZ") == "full"
MUTATIONS = 2_000 if FULL else 200
WOUNDED_SCANS = 500 if FULL else 40
"""Of each medical format."""
MASKS, STREETS = (1_000, 50) if FULL else (100, 3)
"""That measures are compared on with other libraries: random ones, and those of photos."""
CALLS = 500 if FULL else 25
"""Per operation of the API."""
DAWDLERS, DEAF = (200, 50) if FULL else (30, 10)
"""Connections at once that send too slowly, or do not read."""

settings.register_profile("ci", derandomize=True, deadline=None, database=None, max_examples=100)
settings.register_profile("full", deadline=None, max_examples=5_000)

EFFORT = settings.get_profile("full" if FULL else "ci")
