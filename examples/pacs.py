"""Segments a series of a picture archive (PACS), and stores the DICOM Segmentation beside it. Not a medical device.

    python examples/pacs.py SERIES_INSTANCE_UID

PACS is the address of the archive, which speaks DICOMweb (PS3.18); SEGMENT is that of the service, which has the extra
`clinical` and a model for scans. PACS_AUTHORIZATION and SEGMENT_AUTHORIZATION are sent as headers, if set. The series
goes to the service, its labels go to the archive, and nothing goes elsewhere.
"""

import io
import json
import os
import sys
import uuid
import zipfile
from http.client import HTTPMessage
from urllib.error import HTTPError
from urllib.request import Request, urlopen

DICOM, JSON = 'multipart/related; type="application/dicom"', "application/dicom+json"
STUDY, STORED, INSTANCE = "0020000D", "00081199", "00081155"
"""Tags: a study's UID; what was stored; an instance's UID in there."""


class Server:
    """Where requests go, by the environment."""

    def __init__(self, name: str, url: str) -> None:
        self._name, self._url = name, os.environ.get(name, url)
        self._authorization = os.environ.get(f"{name}_AUTHORIZATION")

    def call(self, path: str, accept: str, body: bytes | None = None, kind: str = "") -> tuple[HTTPMessage, bytes]:
        """The headers and the body of the answer."""
        headers = {"Accept": accept, "Content-Type": kind, "Authorization": self._authorization}
        try:
            with urlopen(Request(self._url + path, body, {k: v for k, v in headers.items() if v})) as answer:
                return answer.headers, answer.read()
        except HTTPError as error:
            sys.exit(f"{self._name} answers {error.code}: {error.read().decode(errors='replace')}")


def main(series: str) -> None:
    pacs, segment = Server("PACS", "http://127.0.0.1:8042/dicom-web"), Server("SEGMENT", "http://127.0.0.1:8000")
    found = json.loads(pacs.call(f"/series?SeriesInstanceUID={series}", JSON)[1] or "[]")
    if not found:
        sys.exit("The archive has no such series.")
    study = found[0][STUDY]["Value"][0]
    files = parts(*pacs.call(f"/studies/{study}/series/{series}", f"{DICOM}; transfer-syntax=*"))
    labels = segment.call("/volumes", "application/dicom", zipped(files), "application/zip")[1]
    boundary = uuid.uuid4().hex
    body = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + labels + f"\r\n--{boundary}--".encode()
    stored = json.loads(pacs.call(f"/studies/{study}", JSON, body, f"{DICOM}; boundary={boundary}")[1])
    print(stored[STORED]["Value"][0][INSTANCE]["Value"][0])


def parts(head: HTTPMessage, body: bytes) -> list[bytes]:
    """The files of a multipart body (RFC 2046)."""
    boundary = b"--" + str(head.get_param("boundary")).encode()
    return [part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for part in body.split(boundary)[1:-1]]


def zipped(files: list[bytes]) -> bytes:
    """A zip archive of files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number, file in enumerate(files):
            archive.writestr(str(number), file)
    return data.getvalue()


if __name__ == "__main__":
    main(sys.argv[1])
