"""Segments a photo with httpx: the share of every class, and a mask to save.

    python examples/python_httpx.py docs/street.jpg mask.png

SEGMENT is the address of the service. FCN_SERVE_KEY is the key, if the service asks for one.
"""

import base64
import os
import sys
from pathlib import Path

import httpx2

URL = os.environ.get("SEGMENT", "http://127.0.0.1:8000")
KEY = os.environ.get("FCN_SERVE_KEY")


def main(photo: Path, mask: Path) -> None:
    """Print a line for each class, and write the mask."""
    headers = {"Content-Type": "application/octet-stream", "X-Deadline-Ms": "30000"}
    if KEY:
        headers["Authorization"] = f"Bearer {KEY}"
    with httpx2.Client(base_url=URL, headers=headers, timeout=60) as http:  # keeps its connection
        response = http.post("/segment", content=photo.read_bytes(), params={"include": "mask,confidence"})
    answer = response.json()
    if response.is_error:
        sys.exit(f"{response.status_code} {answer['code']}: {answer['detail']}")
    for area in answer["classes"]:
        sure = "" if area["confidence"] is None else f"confidence {area['confidence']:.2f}"
        print(f"{area['name']:<12} {area['fraction']:6.1%} {sure}".rstrip())
    mask.write_bytes(base64.b64decode(answer["mask"]["data"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
