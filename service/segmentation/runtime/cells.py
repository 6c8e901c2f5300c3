"""A network's scores as its graph gives them: read where they are wanted, or rearranged as planes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.segmentation.modelfile.contract import Scale, Scores


@dataclass(frozen=True, eq=False)
class Cells:
    """The scores of one image.

    values: [classes * f * f, H / f, W / f], float32, or uint8 where there is a `scale`; contract.py has the order.
    shape: H and W.
    """

    values: NDArray[Any]
    shape: tuple[int, int]
    scale: Scale | None

    @property
    def side(self) -> int:
        """f, the side of a cell."""
        return self.shape[0] // int(self.values.shape[1])

    def logits(self) -> Scores:
        """All scores as logits [classes, H, W]. Raises ValueError if they are not of this shape."""
        height, width = self.shape
        values = self.values
        if self.scale is not None:
            values = np.float32(self.scale.step) * (values.astype(np.float32) - self.scale.zero)
        planes = values.reshape(-1, self.side, self.side, *values.shape[1:]).transpose(0, 3, 1, 4, 2)
        return planes.reshape(-1, height, width)

    def at(self, ids: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.float32]:
        """The scores of classes `ids` at places; the three are broadcast. Integers stay in steps of their scale."""
        side, (_, high, wide) = self.side, self.values.shape
        y, x = np.arange(self.shape[0]), np.arange(self.shape[1])
        of_row = (y % side * (side * high * wide) + y // side * wide).take(rows)
        of_column = (x % side * (high * wide) + x // side).take(columns)
        of_id = ids.astype(np.intp) * (side * side * high * wide)
        found: NDArray[np.float32] = self.values.reshape(-1).take(of_row + of_column + of_id).astype(np.float32)
        return found
