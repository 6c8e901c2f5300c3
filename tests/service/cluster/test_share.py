"""Settings of a replica."""

import pytest

from service.cluster.share import Share, completed


def test_what_the_environment_says_goes_to_the_replicas_and_the_rest_follows_from_their_nodes() -> None:
    settings = completed({"queue": 3, "threads": 1}, Share(cores=2, memory_mib=4096))
    assert (settings.queue, settings.threads, settings.workers) == (3, 1, 3)
    assert (settings.memory_mib, settings.uploads_mib) == (1536, 256)


def test_a_variable_of_the_node_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_WORKERS", "7")
    assert completed({}, Share(cores=2, memory_mib=4096)).workers == 7
