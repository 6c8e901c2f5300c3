"""curl, Node.js and Java, where they are installed. Node.js and Java send all their requests from one process."""

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from shutil import which

from benchmarks.clients.upload import TIMEOUT_S, Send, Upload

FOLDER = Path(__file__).parent
CURL = {
    "curl --http1.0": ("--http1.0", "-H", "Expect:"),
    "curl": ("-H", "Expect:"),
    "curl, Expect": ("-H", "Expect: 100-continue"),
    "curl, chunked": ("-H", "Expect:", "-H", "Transfer-Encoding: chunked"),
}


def clients() -> Iterator[tuple[str, Send]]:
    if curl := which("curl"):
        for name, flags in CURL.items():
            yield name, partial(with_curl, curl, flags)
    if node := which("node"):
        yield "Node http", partial(with_program, [node, str(FOLDER / "http.mjs")])
        yield "Node fetch", partial(with_program, [node, str(FOLDER / "fetch.mjs")])
    if java := which("java"):
        # Java leaves Host alone unless it is told that it may be set.
        allow = ["-Djdk.httpclient.allowRestrictedHeaders=host", "-Dsun.net.http.allowRestrictedHeaders=true"]
        yield "Java HttpClient", partial(with_program, [java, *allow, str(FOLDER / "ByHttpClient.java")])
        yield "Java HttpURLConnection", partial(with_program, [java, *allow, str(FOLDER / "ByUrlConnection.java")])


def with_curl(curl: str, flags: tuple[str, ...], upload: Upload, times: int) -> list[str]:
    headers = [word for name, value in upload.headers.items() for word in ("-H", f"{name}: {value}")]
    command = [curl, "--silent", "--output", "/dev/null", "--max-time", str(TIMEOUT_S), *flags, *headers]
    command += ["--request", upload.method, "--data-binary", f"@{upload.body}", "--write-out", "%{http_code}"]
    outcomes = []
    for _ in range(times):
        done = subprocess.run([*command, upload.url], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
        # A status with an error behind it is an answer that was cut off.
        outcomes.append(done.stdout if done.returncode == 0 else f"curl {done.returncode}")
    return outcomes


def with_program(command: list[str], upload: Upload, times: int) -> list[str]:
    """The program prints a line for each request."""
    arguments = [upload.method, upload.url, str(upload.body), str(times)]
    headers = [f"{name}={value}" for name, value in upload.headers.items()]
    done = subprocess.run(  # noqa: S603
        [*command, *arguments, *headers], stdout=subprocess.PIPE, text=True, timeout=TIMEOUT_S * times, check=True
    )
    return done.stdout.splitlines()
