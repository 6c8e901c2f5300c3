"""A service without the extra `clinical` says in one sentence what to install."""

import pytest

from service.segmentation import volume_pipeline
from service.segmentation.errors import FormatNotInstalled
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter
from service.segmentation.volume_pipeline import VolumePipeline
from tests.support import tissues


def test_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_pipeline, "find_spec", lambda _: None)
    pipeline = VolumePipeline(Segmenter(Model(tissues.model_bytes(), 1)), 1000)
    with pytest.raises(FormatNotInstalled, match=r"fcn-serve\[clinical\]"):
        pipeline.read([b"scan"], Call())
