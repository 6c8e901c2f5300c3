"""A service without the extra `clinical` says in one sentence what to install."""

import sys
from pathlib import Path

import pytest

from service.answers import ModelSummary
from service.segmentation.catalog import Catalog, Engine
from service.segmentation.errors import FormatNotInstalled
from service.segmentation.inputs.clinical import check_installed, installed
from service.serving.documents import summaries
from tests.support import tissues


def test_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)  # as if it were not there
    assert not installed()
    with pytest.raises(FormatNotInstalled, match=r"fcn-serve\[clinical\]"):
        check_installed()


def test_no_model_is_offered_for_scans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tissues.onnx").write_bytes(tissues.model_bytes())
    catalog = Catalog(tmp_path, None, Engine(1))
    for there in (True, False):
        if not there:
            monkeypatch.setitem(sys.modules, "nibabel", None)
        (summary,) = summaries(catalog)
        assert isinstance(summary, ModelSummary)
        assert summary.scans is there
