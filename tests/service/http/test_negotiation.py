"""The media type that an Accept header selects."""

import pytest

from service.http.errors import NotAcceptable
from service.http.negotiation import choose

OFFERED = ["application/json", "image/png", "image/webp", "image/jpeg", "multipart/mixed"]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("image/*", "image/png"),
        ("image/png", "image/png"),
        ("IMAGE/PNG", "image/png"),
        ("image/jpeg, image/png;q=0.9", "image/jpeg"),
        ("image/webp;q=0.2, application/json;q=0.1", "image/webp"),
        ("text/html, image/webp, */*;q=0.8", "image/webp"),
        ("multipart/mixed", "multipart/mixed"),
        ("text/html, */*;q=0.1", "application/json"),
    ],
)
def test_the_clients_preference_decides_then_ours(accept: str, chosen: str) -> None:
    assert choose(accept, OFFERED) == chosen


@pytest.mark.parametrize("accept", ["text/html", "image/gif", "video/*", "nonsense", "image/png;q=0"])
def test_an_unavailable_media_type_is_refused_with_the_available_ones(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="application/json, image/png"):
        choose(accept, OFFERED)
