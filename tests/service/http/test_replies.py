"""What an answer asks of the core."""

import pytest

from service.http.options import Options, Part
from service.http.replies import FORMATS, wanted


@pytest.mark.parametrize("media_type", FORMATS)
def test_confidence_is_computed_only_where_the_answer_has_it(media_type: str) -> None:
    options = Options(include=frozenset({Part.CONFIDENCE}))
    assert wanted(media_type, options).confidence == (media_type in {"application/json", "multipart/mixed"})
