"""Asks a running service. Needs the extra `client`.

>>> from service.client import Client
>>> with Client("http://127.0.0.1:8000", key="…") as client:
...     found = client.segment(Path("street.jpg"))
...     found.area("road").fraction
"""

from service.client.answers import Segmentation
from service.client.async_client import AsyncClient
from service.client.client import Client
from service.client.errors import (
    ClientError,
    Denied,
    Failed,
    Invalid,
    Refused,
    TooLate,
    Unavailable,
    Unreachable,
    Unreadable,
)
from service.client.retries import Retries
from service.client.volumes import Volumes

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "Denied",
    "Failed",
    "Invalid",
    "Refused",
    "Retries",
    "Segmentation",
    "TooLate",
    "Unavailable",
    "Unreachable",
    "Unreadable",
    "Volumes",
]
