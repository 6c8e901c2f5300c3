"""A service without the extra `clinical` says in one sentence what to install."""

import sys

import pytest

from service.segmentation.errors import FormatNotInstalled
from service.segmentation.inputs.clinical import check_installed, installed


def test_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)  # as if it were not there
    assert not installed()
    with pytest.raises(FormatNotInstalled, match=r"fcn-serve\[clinical\]"):
        check_installed()
