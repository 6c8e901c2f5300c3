"""API keys and their roles. A file has a line for each key; it is read again when it changes."""

import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

from service.segmentation.files import stamp_of
from service.serving.errors import BadKeys
from service.serving.hosts import is_address

SHORTEST_KEY = 20
LOOK_EVERY_S = 1

log = logging.getLogger("fcn_serve.keys")


class Role(Flag):
    """What a caller may do. ADMIN includes the others; a key that a file gives several roles has them all."""

    ANYONE = 0
    SEGMENT = 1
    MONITOR = 2
    ADMIN = 4 | SEGMENT | MONITOR


ROLES = {"segment": Role.SEGMENT, "monitor": Role.MONITOR, "admin": Role.ADMIN}
"""The roles of keys, by their names in the file."""


@dataclass(frozen=True)
class Keys:
    """Only the keys' hashes are kept. Several may be valid at once, so that they can be changed one by one."""

    hashes: tuple[tuple[bytes, Role], ...]

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """Each line is a role, one of ROLES, and a key; blank lines and those that begin with # are skipped.

        Raises BadKeys.
        """
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadKeys(f"the keys in {path} cannot be read: {error}.") from error
        hashes = []
        for number, line in enumerate(lines, 1):
            role, *key = line.split()[:3] or ["#"]
            if role.startswith("#"):
                continue
            if role not in ROLES or len(key) != 1:
                raise BadKeys(f"line {number} of {path} must be `segment`, `monitor` or `admin`, a blank, and a key.")
            if len(key[0]) < SHORTEST_KEY:
                raise BadKeys(f"the key in line {number} of {path} is shorter than {SHORTEST_KEY} characters.")
            if not key[0].isascii():
                raise BadKeys(
                    f"the key in line {number} of {path} has letters that no HTTP header can carry; use ASCII."
                )
            hashes.append((digest(key[0]), ROLES[role]))
        if not hashes:
            raise BadKeys(f"{path} has no key.")
        return cls(tuple(hashes))

    @property
    def callers(self) -> int:
        """How many keys may segment."""
        return sum(Role.SEGMENT in role for _, role in self.hashes)

    def role(self, key: str) -> Role:
        """What this key may do. Takes the same time for a valid key as for an unknown one."""
        shown, found = digest(key), Role.ANYONE
        for known, role in self.hashes:
            if hmac.compare_digest(shown, known):
                found |= role
        return found


class KeyFile:
    """The keys of a file, which is read again when it changes. If the new content is invalid, one error is logged and
    the old keys stay valid."""

    def __init__(self, path: Path, clock: Callable[[], float] = monotonic) -> None:
        """Raises BadKeys."""
        self._path, self._clock = path, clock
        self._stamp = stamp_of(path)
        self._looked = clock()
        self.keys = Keys.read(path)

    def role(self, key: str) -> Role:
        """What this key may do now: a change of the file takes effect within LOOK_EVERY_S seconds."""
        if self._clock() - self._looked >= LOOK_EVERY_S:
            self._look()
        return self.keys.role(key)

    def _look(self) -> None:
        self._looked, stamp = self._clock(), stamp_of(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.keys = Keys.read(self._path)
        except BadKeys as error:
            log.error("the keys stay as they were: %s", error)  # noqa: TRY400  # the sentence says it
        else:
            log.info("%d keys read from %s", len(self.keys.hashes), self._path)


def keys_for(host: str, file: Path | None, allow_anonymous: bool) -> KeyFile | None:
    """The keys that callers must show; None if no key is needed.

    Raises BadKeys for an invalid file, and if other machines would be served without keys.
    """
    if file is not None:
        return KeyFile(file)
    if not (allow_anonymous or host == "localhost" or (is_address(host) and ip_address(host).is_loopback)):
        raise BadKeys(
            f"on {host} others could use the service: give SEGMENT_KEYS a file of keys, "
            "or set SEGMENT_ALLOW_ANONYMOUS=1 where everybody may."
        )
    return None


def digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
