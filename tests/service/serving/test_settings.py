"""Settings that contradict each other, or that no service could follow, stop the start."""

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


def test_a_body_is_no_larger_than_the_room_for_all() -> None:
    assert Settings(max_body_mib=20, uploads_mib=1).max_body == 2**20
    assert Settings(max_body_mib=1, uploads_mib=20).max_body == 2**20


@pytest.mark.parametrize(
    "name", [name for name, field in Settings.model_fields.items() if "float" in str(field.annotation)]
)
@pytest.mark.parametrize("value", ["inf", "nan", "1e400"])
def test_numbers_are_finite(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})
