"""Zip archives of slices, bounded before they are unpacked."""

import pytest

from service.segmentation.errors import DamagedImage, ImageError, ImageTooLarge, TooManyParts
from service.segmentation.inputs.archive import MOST_ENTRIES, unzipped
from tests.support.mutations import wounded
from tests.support.zips import zipped


def test_the_files_come_out_in_order_whatever_their_names() -> None:
    assert unzipped(zipped({"../../b": b"one", "a/": b"", "a/a": b"two"}), 100) == [b"one", b"two"]


def test_bombs_and_crowds_are_refused_before_they_are_unpacked() -> None:
    with pytest.raises(ImageTooLarge, match="MiB"):
        unzipped(zipped({"zeros": bytes(2**22)}), 2**20)
    with pytest.raises(TooManyParts):
        unzipped(zipped({str(number): b"" for number in range(MOST_ENTRIES + 1)}), 100)


def test_a_size_that_is_not_true_is_damage() -> None:
    file = zipped({"zeros": bytes(2**20)})
    at = file.index(b"PK\x01\x02") + 24
    with pytest.raises(DamagedImage):
        unzipped(file[:at] + (100).to_bytes(4, "little") + file[at + 4 :], 2**16)


def test_every_wounded_archive_is_unpacked_or_refused() -> None:
    for _, data in wounded({"zip": zipped({"a": b"one" * 50, "b": b"two" * 50})}, 200, seed=1):
        try:
            files = unzipped(data, 2**16)
        except ImageError:
            continue
        assert sum(map(len, files)) <= 2**16
