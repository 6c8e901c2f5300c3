"""The losses: cross-entropy, and the optional ones that are added to it."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from model_export.data.folder import VOID, SegmentationFolder
from model_export.data.mapping import Choice
from model_export.errors import DataError


def cross_entropy(logits: Tensor, truth: Tensor, weights: Tensor, several: Tensor | None = None) -> Tensor:
    """Mean over pixels that are not void, each counted by its label's weight; logits [N, C, H, W], truth [N, H, W].

    It is 0 where all are void: a crop of a sparsely labelled image may have no class at all. The label C + i says that
    a pixel is of one of the classes in row i of `several`, bool [S, C]; its loss is minus the logarithm of the sum of
    their probabilities. `weights` has the weight of every label, float [C + S].
    """
    classes = logits.shape[1]
    sure = truth if several is None else truth.where(truth < classes, VOID)
    total = F.cross_entropy(logits, sure, weights[:classes], ignore_index=VOID, reduction="sum")
    if several is not None:
        total = total + partial_cross_entropy(logits, truth, weights, several)
    return total / weights[truth[truth != VOID]].sum().clamp(min=torch.finfo(weights.dtype).tiny)


def partial_cross_entropy(logits: Tensor, truth: Tensor, weights: Tensor, several: Tensor) -> Tensor:
    """The sum over pixels that may be of several classes, as in `cross_entropy`.

    Cour, Sapp, Taskar: Learning from Partial Labels, JMLR 2011, set the problem.
    """
    classes = logits.shape[1]
    open_ = (truth >= classes) & (truth != VOID)
    scores, labels = logits.movedim(1, -1)[open_].float(), truth[open_]
    allowed = scores.masked_fill(~several[labels - classes], -torch.inf)
    return weights[labels] @ (scores.logsumexp(1) - allowed.logsumexp(1))


def deep_supervision(sums: list[Tensor], truth: Tensor, weights: Tensor, several: Tensor | None = None) -> Tensor:
    """Cross-entropy of the scores before the finer skips, each sum brought to the finest one's grid.

    `sums` are the fused scores from coarse to fine; the loss of the last one, at full size, is not included. So coarse
    layers learn to be right by themselves, and finer ones to correct them: the paper's stages, all at once.
    """
    height, width = sums[-1].shape[-2:]
    step = truth.shape[-1] // width
    sampled = truth[:, step // 2 :: step, step // 2 :: step]
    total = sums[-1].new_zeros(())
    for coarse in sums[:-1]:
        finer = F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
        total = total + cross_entropy(finer, sampled, weights, several)
    return total


def lovasz_softmax(logits: Tensor, truth: Tensor) -> Tensor:
    """1 - IU, averaged over the classes present, in a differentiable surrogate, over pixels of one sure class.

    Berman, Triki, Blaschko: The Lovasz-Softmax loss, CVPR 2018 (algorithm 1).
    """
    judged = (truth < logits.shape[1]) & (truth != VOID)
    truth = truth[judged]
    probabilities = logits.softmax(1).movedim(1, 0)[:, judged]
    losses = []
    for label in truth.unique():
        hit = (truth == label).float()
        errors, order = (hit - probabilities[label]).abs().sort(descending=True)
        hit = hit[order]
        intersection = hit.sum() - hit.cumsum(0)
        union = hit.sum() + (1 - hit).cumsum(0)
        jaccard = 1 - intersection / union
        losses.append(errors @ torch.diff(jaccard, prepend=jaccard.new_zeros(1)))
    return torch.stack(losses).mean() if losses else logits.sum() * 0


def distillation(logits: Tensor, teacher: Tensor) -> Tensor:
    """Mean KL divergence from a teacher's class probabilities, in nats, over all pixels, void ones too.

    Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015, at temperature 1.
    """
    divergence = F.kl_div(logits.log_softmax(1), teacher.log_softmax(1), log_target=True, reduction="none")
    return divergence.sum(1).mean()


def class_weights(data: SegmentationFolder) -> Tensor:
    """1 / ln(1.10 + share of pixels) per class, after ENet (Paszke et al. 2016): rare classes count more.

    Only labels are read. Raises DataError where no pixel of them has a class.
    """
    counts = sum(np.bincount(data.truth(index).ravel(), minlength=VOID + 1) for index in range(len(data)))
    shares = torch.from_numpy(np.asarray(counts, np.float32)[: len(data.classes.classes)])
    if not shares.any():
        raise DataError("No pixel of the training labels has a class: all are void.")
    return 1 / torch.log(1.10 + shares / shares.sum())


def one_of(choices: Sequence[Choice], weights: Tensor) -> tuple[Tensor, Tensor]:
    """The rows of these choices between classes, bool [S, C], and `weights`, float [C], with those of the choices: the
    means of their classes' weights, float [C + S]."""
    several = torch.zeros(len(choices), len(weights), dtype=torch.bool)
    for row, choice in zip(several, choices, strict=True):
        row[list(choice)] = True
    return several, torch.cat([weights, *(weights[row].mean(0, keepdim=True) for row in several)])


def thinned(step: int, *maps: Tensor) -> list[Tensor]:
    """Every `step`th row and column of maps of one size, from a random corner on, for losses slow per pixel."""
    top, left = torch.randint(step, (2,)).tolist()
    return [one[..., top::step, left::step] for one in maps]
