"""Settings that contradict each other stop the start."""

import pytest
from pydantic import ValidationError

from service.serving.settings import Settings


def test_a_batch_of_more_images_than_workers_stops_the_start() -> None:
    assert Settings(workers=4, batch=4).engine.batch == 4
    with pytest.raises(ValidationError, match="SEGMENT_WORKERS=5 too"):
        Settings(workers=4, batch=5)


def test_memory_is_in_mib() -> None:
    assert Settings(memory_mib=1.5).memory == 3 * 2**19
    assert Settings().memory is None
    assert 0 < Settings().max_uploads <= 256 * 2**20
