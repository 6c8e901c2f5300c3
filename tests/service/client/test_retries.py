"""How long a client waits after a 503."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from service.client.retries import UNNAMED_S, Patience, Retries, asked


def test_the_wait_is_the_services_until_attempts_or_time_are_up() -> None:
    now = 100.0
    patience = Patience(Retries(attempts=4, seconds=10), lambda: now)
    assert patience.wait_s(503, {"retry-after": "3"}) == 3
    assert patience.wait_s(200, {}) is None
    assert patience.wait_s(500, {"retry-after": "3"}) is None, "it would fail again"
    now = 107.0
    assert patience.wait_s(503, {"retry-after": "3"}) == 3
    assert patience.wait_s(503, {"retry-after": "4"}) is None, "later than the last moment"
    assert patience.wait_s(503, {"retry-after": "0"}) is None, "that was the last attempt"


def test_retry_after_may_be_a_date_or_missing() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert asked(later) == pytest.approx(30, abs=5)
    assert asked("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert asked("") == asked("soon") == asked("-1") == UNNAMED_S
