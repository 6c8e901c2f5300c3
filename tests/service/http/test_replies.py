"""What an answer asks of the core."""

import httpx2
import pytest

from service.http.options import Options, Part
from service.http.replies import FORMATS, wanted
from service.http.schemas import SegmentAnswer
from tests.service.http.test_segment import segment
from tests.support.pictures import encoded, quarters


@pytest.mark.parametrize("media_type", FORMATS)
def test_confidence_is_computed_only_where_the_answer_has_it(media_type: str) -> None:
    options = Options(include=frozenset({Part.CONFIDENCE}))
    assert wanted(media_type, options).confidence == (media_type in {"application/json", "multipart/mixed"})


@pytest.mark.parametrize("query", [{}, {"include": ",".join(Part), "heatmap": "red"}])
def test_the_json_is_as_the_document_describes_it(client: httpx2.Client, query: dict[str, str]) -> None:
    answer = segment(client, encoded(quarters()), **query)
    described = SegmentAnswer.model_validate_json(answer.content)
    assert described.model_dump(mode="json", exclude_unset=True) == answer.json()
