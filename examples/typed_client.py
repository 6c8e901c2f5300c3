"""Segments photos with the client of the package, eight at once, and names the one that shows the most road.

    pip install "fcn-serve[client]"
    python examples/typed_client.py photos/*.jpg

SEGMENT is the address of the service. FCN_SERVE_KEY is the key, if the service asks for one.
"""

import asyncio
import os
import sys
from pathlib import Path

from service.client import AsyncClient, Refused, Segmentation

URL = os.environ.get("SEGMENT", "http://127.0.0.1:8000")
AT_ONCE = 8


async def main(photos: list[Path]) -> None:
    """Print a line for each photo, then the best one."""
    turn = asyncio.Semaphore(AT_ONCE)
    async with AsyncClient(URL, key=os.environ.get("FCN_SERVE_KEY")) as client:

        async def ask(photo: Path) -> Segmentation | Refused:
            async with turn:
                try:
                    return await client.segment(photo, include=(), deadline_ms=30_000)
                except Refused as error:  # this photo is at fault; the others are not
                    return error

        answers = await asyncio.gather(*map(ask, photos))
    roads = {}
    for photo, answer in zip(photos, answers, strict=True):
        if isinstance(answer, Refused):
            print(f"{photo}: {answer.detail}", file=sys.stderr)
        else:
            roads[photo] = answer.area("road").fraction
            print(f"{photo}: {roads[photo]:.1%} road")
    if roads:
        print(f"most road: {max(roads, key=roads.__getitem__)}")


if __name__ == "__main__":
    asyncio.run(main([Path(name) for name in sys.argv[1:]]))
