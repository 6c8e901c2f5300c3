"""Several data sets in one training, each with a share of the crops."""

from collections.abc import Sequence

import numpy as np
from torch.utils.data import Dataset

from model_export.data.folder import Sample, SegmentationFolder


class Mixture(Dataset[Sample]):
    """The crops of one epoch, in the order of the data sets.

    An epoch passes once over the first data set. The other ones add crops in proportion to their shares: they go over
    their images in shuffled passes that continue from epoch to epoch, so each of their images comes up equally often.
    What an epoch holds depends on the seed and its number alone.
    """

    def __init__(self, folders: Sequence[SegmentationFolder], shares: Sequence[float], seed: int) -> None:
        """`shares`, positive, are the data sets' parts of the crops, up to a common factor."""
        self.folders, self.seed = list(folders), seed
        self.counts = [max(1, round(len(folders[0]) * share / shares[0])) for share in shares]
        self.places = self._places(0)

    def start(self, epoch: int) -> None:
        """Draw the images of an epoch."""
        self.places = self._places(epoch)

    def _places(self, epoch: int) -> list[tuple[SegmentationFolder, int]]:
        first, *others = self.folders
        places = [(first, index) for index in range(len(first))]
        for number, (folder, count) in enumerate(zip(others, self.counts[1:], strict=True)):
            passes = range(epoch * count // len(folder), ((epoch + 1) * count - 1) // len(folder) + 1)
            order = np.concatenate(
                [np.random.default_rng((self.seed, number, one)).permutation(len(folder)) for one in passes]
            )
            start = epoch * count - passes[0] * len(folder)
            places += [(folder, int(index)) for index in order[start : start + count]]
        return places

    def __len__(self) -> int:
        return sum(self.counts)

    def __getitem__(self, place: int) -> Sample:
        """As a folder's; an image that comes up twice in an epoch is augmented in two ways."""
        folder, index = self.places[place]
        return folder.sample(index, place)

    def name(self, place: int) -> str:
        """The image's file name."""
        folder, index = self.places[place]
        return folder.pairs[index][0].name
