"""Who may do what. Keys stand in a file, one a line with its role."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_address
from pathlib import Path

from service.serving.errors import BadKeys

SHORTEST_KEY = 20


class Role(IntEnum):
    """What a caller may do; each role may do what those before it may."""

    ANYONE = 0
    SEGMENT = 1
    ADMIN = 2


@dataclass(frozen=True)
class Keys:
    """Only the keys' hashes are kept. Several may be good at once, so that they can be changed one by one."""

    hashes: tuple[tuple[bytes, Role], ...]

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """Lines of a role, `segment` or `admin`, and a key; blank ones and those that begin with # say nothing.

        Raises BadKeys.
        """
        try:
            lines = path.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadKeys(f"the keys in {path} cannot be read: {error}.") from error
        hashes = []
        for number, line in enumerate(lines, 1):
            role, *key = line.split()[:3] or ["#"]
            if role.startswith("#"):
                continue
            if role not in ("segment", "admin") or len(key) != 1:
                raise BadKeys(f"line {number} of {path} must be `segment` or `admin`, a blank, and a key.")
            if len(key[0]) < SHORTEST_KEY:
                raise BadKeys(f"the key in line {number} of {path} is shorter than {SHORTEST_KEY} characters.")
            hashes.append((digest(key[0]), Role[role.upper()]))
        if not hashes:
            raise BadKeys(f"{path} has no key.")
        return cls(tuple(hashes))

    def role(self, key: str) -> Role:
        """What this key may do. Takes as long for a good key as for a bad one."""
        shown, found = digest(key), Role.ANYONE
        for known, role in self.hashes:
            if hmac.compare_digest(shown, known):
                found = max(found, role)
        return found


def keys_for(host: str, file: Path | None, allow_anonymous: bool) -> Keys | None:
    """The keys to ask for, None for none. Raises BadKeys where others than this machine would be served without."""
    if file is not None:
        return Keys.read(file)
    if not (allow_anonymous or host == "localhost" or (is_address(host) and ip_address(host).is_loopback)):
        raise BadKeys(
            f"on {host} others could use the service: give SEGMENT_KEYS a file of keys, "
            "or set SEGMENT_ALLOW_ANONYMOUS=1 where everybody may."
        )
    return None


def digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def is_address(name: str) -> bool:
    """Whether `name` is an IP address, and no host name."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
