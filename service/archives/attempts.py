"""How often a shard was begun: an input that kills the process that reads it must not be read for ever."""

import msgspec

from service.archives.store import Store

IN_PARALLEL = 3
"""A shard is begun so often before its inputs are taken one by one."""
ALONE = 2
"""An input that was alone in a process that died so often is given up. Once may be chance."""


class Begun(msgspec.Struct):
    """How often a shard was begun, and how often each input was alone in a process that died."""

    times: int = 0
    alone: dict[str, int] = msgspec.field(default_factory=dict)


class Attempts:
    """Those of one shard, in a file that is there until the shard is done."""

    def __init__(self, output: Store, shard: int) -> None:
        """Count one more. Raises OSError."""
        self._output, self._name, self._last = output, f"begun/{shard:06}.json", ""
        try:
            self._begun = msgspec.json.decode(output.read(self._name), type=Begun)
        except (FileNotFoundError, msgspec.DecodeError):
            self._begun = Begun()
        self._begun.times += 1
        self._write()

    @property
    def one_by_one(self) -> bool:
        """Whether each input must be alone."""
        return self._begun.times > IN_PARALLEL

    def allows(self, name: str) -> bool:
        """Whether an input may be read, alone; that it is goes on record before. Raises OSError."""
        alone = self._begun.alone
        if alone.get(name, 0) >= ALONE:
            return False
        alone.pop(self._last, None)  # this process lives
        alone[name] = alone.get(name, 0) + 1
        self._last = name
        self._write()
        return True

    def end(self) -> None:
        """The shard is done. Raises OSError."""
        self._output.remove(self._name)

    def _write(self) -> None:
        self._output.put(self._name, msgspec.json.encode(self._begun))
