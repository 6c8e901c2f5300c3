"""The API of S3, by moto's server on a real port, which now and then is too busy."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Thread
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUSY_EVERY = 9
"""One request in so many is refused, as by a store under load."""
BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class NowAndThenBusy:
    """A WSGI application in front of another."""

    def __init__(self, application: Any) -> None:
        self._application, self._requests = application, count(1)

    def __call__(self, environment: dict[str, Any], start: Any) -> Iterable[bytes]:
        if next(self._requests) % BUSY_EVERY == 0:
            environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
            start("503 Slow Down", [("Content-Type", "application/xml"), ("Content-Length", str(len(BUSY)))])
            return [BUSY]
        answer: Iterable[bytes] = self._application(environment, start)
        return answer


@contextmanager
def s3() -> Iterator[Any]:
    """A client of a running store, of boto3. Processes that are started meanwhile find it too, by the environment."""
    import boto3  # noqa: PLC0415  # it reads the environment

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it has a line for each request
    store = NowAndThenBusy(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, store, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
    where = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.port}", "AWS_DEFAULT_REGION": "us-east-1"}
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (keys | where).items():
                patch.setitem(os.environ, name, value)
            yield boto3.client("s3")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
