"""Runs nginx in front of a server, with Debian's defaults and the given locations or servers."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.subjects import free_port

SECONDS_TO_START = 30

CONFIGURATION = """
{user}
daemon off;
pid nginx.pid;
error_log error.log;
events {{}}
http {{
  access_log off;
  client_max_body_size 30m;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port};
    {locations}
  }}
  {servers}
}}
"""


@contextmanager
def nginx(program: str, folder: Path, locations: str, servers: str = "") -> Iterator[str]:
    """Runs the nginx at the path `program` with these `location` blocks, and `server` blocks beside its own, its files
    in `folder`; yields its URL.
    """
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""  # whose workers could not enter the folder otherwise
    configuration = CONFIGURATION.format(user=user, port=port, locations=locations, servers=servers)
    (folder / "nginx.conf").write_text(configuration)
    command = [program, "-e", "error.log", "-p", str(folder), "-c", "nginx.conf"]
    process = subprocess.Popen(command)  # noqa: S603  # its path is the caller's
    try:
        _wait(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(SECONDS_TO_START)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended with {process.returncode}")
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nginx was not ready in {SECONDS_TO_START} s")
