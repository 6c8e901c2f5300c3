"""A progress bar with images a second and the time left, where a person looks at standard error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from click._termui_impl import ProgressBar


class Progress:
    """Counts images."""

    def __init__(self, total: int) -> None:
        self._began = time.monotonic()
        self._bar: ProgressBar[int] = click.progressbar(
            length=total, file=sys.stderr, hidden=not watched(), show_pos=True, item_show_func=lambda _: self.rate
        )

    @property
    def rate(self) -> str:
        """Images a second so far."""
        return f"{self._bar.pos / max(1e-9, time.monotonic() - self._began):.1f} images/s"

    @contextmanager
    def shown(self) -> Iterator[None]:
        with self._bar:
            yield

    def step(self, images: int = 1) -> None:
        """So many more are done, or have failed."""
        self._bar.update(images)


def watched() -> bool:
    """Whether standard error is a terminal: what is only of interest meanwhile is not said to files and pipes."""
    return sys.stderr.isatty()
