"""Whether every refusal arrives: uploads that are refused before they are read, by the clients that people use."""

import re
import shutil
import socket
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import typer

from benchmarks import subjects
from benchmarks.clients import programs, python
from benchmarks.clients.upload import Send, Upload
from benchmarks.nginx import nginx

MB = 1_000_000
BODY = b"\xff\xd8\xff" + bytes(10 * MB)
KEY = "k" * 32
PROXIED = ("urllib", "curl")
"""Clients that are tried through nginx too."""
PROXY = "location / {{ proxy_pass {url}; proxy_set_header Host $http_host; {more} }}"
PROXIES = {
    "nginx": "",
    "nginx, unbuffered": 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;',
}


@dataclass(frozen=True)
class Refusal:
    """A request that is answered with `status` although its body has not been read."""

    status: int
    path: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_headers(self) -> dict[str, str]:
        return {"Content-Type": "image/jpeg", **self.headers}


@dataclass(frozen=True)
class Scene:
    """A service with these settings, what it refuses, and how many bytes it already holds of an unfinished upload."""

    settings: Mapping[str, Any]
    refusals: tuple[Refusal, ...]
    held: int = 0


OPEN = Scene(
    {},
    (
        Refusal(404, "/predict"),
        Refusal(404, "/segment?model=nope"),
        Refusal(405, "/segment", "PUT"),
        Refusal(406, "/segment", headers={"Accept": "text/html"}),
        Refusal(415, "/segment", headers={"Content-Encoding": "gzip"}),
        Refusal(421, "/segment", headers={"Host": "example.org"}),
        Refusal(422, "/segment?unknown=1"),
    ),
)
SMALL = Scene({"max_body_mib": 1}, (Refusal(413, "/segment"),))
FULL = Scene({"uploads_mib": 20, "client_s": 3600}, (Refusal(503, "/segment"),), held=15 * MB)


def keyed(folder: Path) -> Scene:
    keys = folder / "keys"
    keys.write_text(f"segment {KEY}\n")
    keys.chmod(0o600)
    reload = Refusal(403, "/models/street/reload", headers={"Authorization": f"Bearer {KEY}"})
    return Scene({"keys": keys}, (Refusal(401, "/segment"), reload))


def run(times: int, folder: Path, only: Collection[str] = ()) -> bool:
    """Print how many of `times` answers arrived, by client and refusal. Returns whether all did. `only` names the
    clients to try; by default all are."""
    (folder / "body").write_bytes(BODY)
    program = shutil.which("nginx")
    if program is None:
        typer.echo("nginx is not installed: left out")
    rows: dict[str, list[str]] = {}
    heads: list[str] = []
    complete = True
    for number, scene in enumerate((keyed(folder), OPEN, SMALL, FULL)):
        heads += [f"{refusal.status} {refusal.method} {refusal.path}" for refusal in scene.refusals]
        with ExitStack() as stack:
            subject = stack.enter_context(subjects.service(log_level="error", **scene.settings))
            url = subject.url.removesuffix("/segment")
            stack.enter_context(unfinished(url, scene.held))
            senders = stack.enter_context(senders_to(url, program, folder / str(number)))
            for name, base, send in (sender for sender in senders if not only or sender[0] in only):
                for refusal in scene.refusals:
                    if name == "Node fetch" and "Host" in refusal.headers:
                        rows.setdefault(name, []).append("sets no Host")
                        continue
                    upload = Upload(refusal.method, base + refusal.path, refusal.all_headers, folder / "body")
                    outcomes = Counter(send(upload, times))
                    arrived = outcomes.pop(str(refusal.status), 0)
                    complete = complete and arrived == times
                    others = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
                    rows.setdefault(name, []).append(f"{arrived}" + (f" ({others})" if others else ""))
                typer.echo(f"{name}: {rows[name][-len(scene.refusals) :]}")
    typer.echo(f"\nArrived, of {times} uploads of {len(BODY) / MB:.0f} MB each:\n")
    typer.echo("\n".join(["| client | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]))
    typer.echo("\n".join(f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()))
    return complete


@contextmanager
def unfinished(url: str, size: int) -> Iterator[None]:
    """An upload of which `size` bytes have arrived and no more do."""
    if size == 0:
        yield
        return
    address = urlsplit(url)
    head = f"POST /segment HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: image/jpeg\r\nContent-Length: {size + 1}"
    with socket.create_connection((str(address.hostname), address.port)) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode() + bytes(size))
        while upload_bytes(url) < size:
            time.sleep(0.1)
        yield


def upload_bytes(url: str) -> float:
    """The bytes of uploads that the service holds."""
    (line,) = re.findall(r"^segment_upload_bytes (.+)$", httpx2.get(f"{url}/metrics").text, re.MULTILINE)
    return float(line)


@contextmanager
def senders_to(url: str, program: str | None, folder: Path) -> Iterator[list[tuple[str, str, Send]]]:
    """Each client, and its name and the URL that it sends to: the service's, or that of an nginx in front of it."""
    clients = dict(chain(python.clients(), programs.clients()))
    senders = [(name, url, send) for name, send in clients.items()]
    with ExitStack() as stack:
        for proxy, more in PROXIES.items() if program is not None else ():
            where = folder / proxy.replace(", ", "-")
            where.mkdir(parents=True)
            front = stack.enter_context(nginx(str(program), where, PROXY.format(url=url, more=more)))
            senders += [(f"{name}, {proxy}", front, clients[name]) for name in PROXIED if name in clients]
        yield senders
