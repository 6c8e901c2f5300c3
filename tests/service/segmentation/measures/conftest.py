"""The masks that measures are compared on."""

import pytest

from service.segmentation.modelfile.contract import Labels
from tests.support.effort import MASKS, STREETS
from tests.support.masks import masks, streets


@pytest.fixture(scope="package", params=["random", "streets"])
def many(request: pytest.FixtureRequest) -> list[Labels]:
    """Masks of a kind."""
    return list(masks(MASKS) if request.param == "random" else streets(STREETS))
