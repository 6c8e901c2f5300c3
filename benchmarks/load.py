"""How requests are sent, after the scenarios of MLPerf Inference (Reddi et al. 2020)."""

import http.client
import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit


class Caller:
    """One client with one connection, kept open. It is light, because it shares the processor with the server."""

    def __init__(self, url: str, body: bytes, content_type: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
        self._path, self._body, self._headers = parts.path, body, {"Content-Type": content_type}

    def __call__(self) -> int:
        """Send the request, read the whole answer, return its status."""
        self._connection.request("POST", self._path, self._body, self._headers)
        with self._connection.getresponse() as response:
            response.read()
            return response.status

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Outcome:
    """Milliseconds of each answered request, the number of refused ones, and the seconds for all."""

    milliseconds: list[float]
    refused: int
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds


MakeCaller = Callable[[], Callable[[], int]]


def single_stream(caller: Callable[[], int], count: int) -> Outcome:
    """One request after the other, each sent when the previous one is answered."""
    return _gathered([caller], [0.0] * count)


def offline(make: MakeCaller, count: int, callers: int) -> Outcome:
    """Several callers at once, each sending its next request when the last is answered."""
    return _gathered([make() for _ in range(callers)], [0.0] * count)


def server(make: MakeCaller, per_second: float, count: int, seed: int, callers: int = 24) -> Outcome:
    """Requests at random times (Poisson), sent whether or not earlier ones are answered. Each is timed from when it was
    due, so that a slow answer cannot hide the ones behind it."""
    draw = random.Random(seed)  # noqa: S311  # no secret
    due, now = [], 0.0
    for _ in range(count):
        now += draw.expovariate(per_second)
        due.append(now)
    return _gathered([make() for _ in range(callers)], due)


def _gathered(callers: list[Callable[[], int]], due: list[float]) -> Outcome:
    """Send a request at each second of `due`; 0 means as soon as a caller is free."""
    waiting: queue.SimpleQueue[float] = queue.SimpleQueue()
    for second in due:
        waiting.put(second)
    began = time.perf_counter()
    taken: list[float] = []
    refused: list[int] = []
    lock = threading.Lock()

    def work(caller: Callable[[], int]) -> None:
        while True:
            try:
                second = waiting.get_nowait()
            except queue.Empty:
                return
            start = began + second if second else time.perf_counter()
            time.sleep(max(0.0, start - time.perf_counter()))
            status = caller()
            spent = 1000 * (time.perf_counter() - start)
            with lock:
                taken.append(spent) if status == 200 else refused.append(status)

    with ThreadPoolExecutor(len(callers)) as pool:
        for done in [pool.submit(work, caller) for caller in callers]:
            done.result()
    return Outcome(taken, len(refused), time.perf_counter() - began)
