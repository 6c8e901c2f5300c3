"""The operations that enlarge, computed by the networks' own code, with pictures: docs/explanation/deconvolution.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from model_export.networks.deconvnet import Unpooling
from model_export.networks.fcn import Deconvolution, bilinear_kernel
from model_export.onnx.decoder import as_convolution
from model_export.onnx.graph import SubPixel
from model_export.reports.plots import ACCENT, FAINT, INK
from model_export.training import published

FACTOR = 2
"""By how much the small examples are enlarged."""

EXAMPLE = torch.tensor([[16.0, 0, 32], [0, 64, 0], [48, 0, 16]])[None, None]
MAP = torch.tensor([[1.0, 3, 0, 2], [2, 0, 0, 1], [5, 4, 3, 3], [0, 1, 1, 2]])[None, None]

Panel = tuple[str, Tensor]
"""A title and a map [H, W]."""


def zeros_inserted(x: Tensor, factor: int) -> Tensor:
    """[N, C, H, W] with `factor` - 1 zeros between neighbours: [N, C, (H - 1) * factor + 1, (W - 1) * factor + 1]."""
    count, channels, height, width = x.shape
    spread = x.new_zeros(count, channels, (height - 1) * factor + 1, (width - 1) * factor + 1)
    spread[..., ::factor, ::factor] = x
    return spread


def learned() -> Deconvolution:
    """The last deconvolution of street-small, by 8, as its published weights have it. Raises CheckpointError."""
    weight = safetensors.torch.load_file(published.locate("street-small"))["upsample.weight"].float()
    deconvolution = Deconvolution(len(weight), weight.shape[-1] // 2)
    deconvolution.load_state_dict({"weight": weight})
    return deconvolution


@torch.inference_mode()
def differences() -> dict[str, float]:
    """The greatest difference between two ways to compute the same, on random scores of about one.

    Raises CheckpointError where the weights of street-small are missing.
    """
    deconvolution, draw = learned(), torch.Generator().manual_seed(0)
    f, classes = deconvolution.factor, deconvolution.in_channels
    scores = torch.randn(1, classes, 9, 12, generator=draw)
    inner = slice(f // 2, -(f // 2))
    fixed = Deconvolution(classes, f)(scores)[..., inner, inner]
    interpolated = F.interpolate(scores, scale_factor=f, mode="bilinear", align_corners=False)[..., inner, inner]
    enlarged = deconvolution(scores)
    narrow = nn.ConvTranspose2d(classes, classes, 3, padding=1, bias=False)
    narrow.load_state_dict({"weight": deconvolution.weight[..., 6:9, 6:9]})
    corner = zeros_inserted(torch.ones_like(scores), 2)
    top_left = F.pad(corner, (0, 1, 0, 1))
    values = scores.relu()
    unpooled = Unpooling()(values, torch.randn(1, classes, 18, 24, generator=draw))
    pairs = {
        "a deconvolution with a bilinear kernel, interpolation (inside)": (fixed, interpolated),
        "a learned deconvolution, zeros inserted and a convolution": (
            enlarged,
            as_convolution(deconvolution)(zeros_inserted(scores, f)),
        ),
        "a learned deconvolution, a sub-pixel convolution": (enlarged, SubPixel(deconvolution)(scores)),
        "a deconvolution of stride 1, a convolution": (narrow(scores), as_convolution(narrow)(scores)),
        "unpooling of maxima in the top left corners, zeros inserted": (
            Unpooling()(scores, top_left),
            F.pad(zeros_inserted(scores, 2), (0, 1, 0, 1)),
        ),
        "values, their unpooling pooled again": (values, F.max_pool2d(unpooled, 2)),
    }
    return {what: (one - other).abs().max().item() for what, (one, other) in pairs.items()}


@torch.inference_mode()
def draw(folder: Path) -> list[Path]:
    """Draw a picture of every operation into a folder.

    Raises CheckpointError where the weights of street-small are missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    small = Deconvolution(1, FACTOR)
    pixels = SubPixel(small)
    channels = pixels.convolution(EXAMPLE)
    switches = F.max_pool2d(MAP, 2, return_indices=True)
    values = 10 * switches[0]
    edges = F.interpolate(EXAMPLE, scale_factor=FACTOR, mode="bilinear", align_corners=False)
    rows: dict[str, Sequence[Panel]] = {
        "bilinear": [
            ("scores", EXAMPLE),
            ("the kernel, for a factor of 2", bilinear_kernel(FACTOR)),
            ("deconvolution", small(EXAMPLE)),
            ("interpolation", edges),
            ("their difference", edges - small(EXAMPLE)),
        ],
        "zero-insertion": [
            ("scores", EXAMPLE),
            ("zeros inserted", zeros_inserted(EXAMPLE, FACTOR)),
            ("the kernel, turned", as_convolution(small).weight),
            ("convolution = deconvolution", small(EXAMPLE)),
        ],
        "sub-pixel": [
            ("scores", EXAMPLE),
            *[(f"channel {number}", channels[0, number]) for number in range(FACTOR**2)],
            ("rearranged = deconvolution", pixels(EXAMPLE)),
        ],
        "unpooling": [
            ("the map that is pooled", MAP),
            ("its maxima", switches[0]),
            ("their places: the switches", switches[1]),
            ("values of the decoder", values),
            ("unpooled", Unpooling()(values, MAP)),
        ],
    }
    for name, panels in rows.items():
        numbers(panels, folder / f"{name}.png")
    kernels(learned(), folder / "learned.png")
    return sorted(folder / f"{name}.png" for name in (*rows, "learned"))


def numbers(panels: Sequence[Panel], path: Path) -> None:
    """Draw small maps side by side, each with its numbers; zeros are pale."""
    shapes = [panel.shape[-2:] for _, panel in panels]
    widths = [max(width, 3) for _, width in shapes]
    figure = Figure(figsize=(0.42 * sum(widths) + 0.5 * len(panels), 0.42 * max(h for h, _ in shapes) + 0.6))
    figure.set_layout_engine("constrained")
    for axes, (title, panel) in zip(figure.subplots(1, len(panels), width_ratios=widths), panels, strict=True):
        values = panel.reshape(panel.shape[-2:]).numpy()
        grid(axes, title, values, np.abs(values).max())
        for (row, column), value in np.ndenumerate(values):
            colour = FAINT if value == 0 else INK
            axes.text(column, row, f"{value:.4g}", ha="center", va="center", color=colour, fontsize=7)
    figure.savefig(path, dpi=110)


def kernels(deconvolution: Deconvolution, path: Path) -> None:
    """Draw the kernels from every class (rows) to every class (columns), as training starts and as it left them."""
    start = Deconvolution(deconvolution.in_channels, deconvolution.factor)
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    titles = ("as training starts: bilinear, each class to itself", "as street-small learned them")
    for axes, title, layer in zip(figure.subplots(1, 2), titles, (start, deconvolution), strict=True):
        classes, _, side, _ = layer.weight.shape
        mosaic = layer.weight.permute(0, 2, 1, 3).reshape(classes * side, classes * side).numpy()
        grid(axes, title, mosaic, 0.15)
        for line in range(1, classes):
            axes.axhline(line * side - 0.5, color=FAINT, lw=0.4)
            axes.axvline(line * side - 0.5, color=FAINT, lw=0.4)
    figure.savefig(path, dpi=90)


def grid(axes: Axes, title: str, values: np.ndarray[Any, Any], most: float) -> None:
    """A map in colours from -`most`, blue, to `most`, red."""
    axes.imshow(values, cmap="RdBu_r", vmin=-1.6 * most, vmax=1.6 * most, interpolation="nearest")
    axes.set_title(title, fontsize=8, color=ACCENT if "=" in title else INK)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(FAINT)
