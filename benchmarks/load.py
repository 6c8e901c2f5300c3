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
    """One client with one connection, kept open; light, as it shares the processor with what it measures."""

    def __init__(self, url: str, body: bytes, content_type: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
        self._path, self._body, self._headers = parts.path, body, {"Content-Type": content_type}

    def __call__(self) -> int:
        """Send the request, read the whole answer; its status."""
        self._connection.request("POST", self._path, self._body, self._headers)
        with self._connection.getresponse() as response:
            response.read()
            return response.status

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Outcome:
    """Milliseconds of the requests that were answered, the number that were refused, and how long all took."""

    milliseconds: list[float]
    refused: int
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds


MakeCaller = Callable[[], Callable[[], int]]


def single_stream(caller: Callable[[], int], count: int) -> Outcome:
    """One request after the other, each as soon as the one before is answered."""
    return _gathered([caller], [0.0] * count)


def offline(make: MakeCaller, count: int, callers: int) -> Outcome:
    """All there is to do, by several callers at once: how much gets done?"""
    return _gathered([make() for _ in range(callers)], [0.0] * count)


def server(make: MakeCaller, per_second: float, count: int, seed: int, callers: int = 24) -> Outcome:
    """Requests at random times (Poisson), sent whether or not earlier ones are answered, so that a slow answer cannot
    hide: each is timed from when it was due."""
    draw = random.Random(seed)  # noqa: S311  # no secret
    due, now = [], 0.0
    for _ in range(count):
        now += draw.expovariate(per_second)
        due.append(now)
    return _gathered([make() for _ in range(callers)], due)


def _gathered(callers: list[Callable[[], int]], due: list[float]) -> Outcome:
    """Send a request at each second of `due`, 0 for as soon as a caller is free."""
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
