"""What training minimises."""

import math
from pathlib import Path

import pytest
import torch
from PIL import Image

from model_export.data import shapes
from model_export.data.folder import VOID, SegmentationFolder
from model_export.errors import DataError
from model_export.training import losses


def sure(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Logits [1, classes, H, W] that leave no doubt about these labels [1, H, W]."""
    return 50.0 * torch.nn.functional.one_hot(labels, classes).movedim(-1, 1).float()


def test_lovasz_is_one_minus_the_mean_iu_where_the_network_has_no_doubt() -> None:
    truth = torch.tensor([[[0, 0, 0, 1, 1, VOID]]])
    answer = torch.tensor([[[0, 0, 1, 1, 1, 2]]])
    assert losses.lovasz_softmax(sure(answer, 3), truth).item() == pytest.approx(1 - (2 / 3 + 2 / 3) / 2)
    assert losses.lovasz_softmax(sure(truth.clamp(max=2), 3), truth).item() == pytest.approx(0, abs=1e-6)


def test_following_lovasz_raises_the_iu() -> None:
    truth = torch.randint(0, 4, (1, 12, 12), generator=torch.Generator().manual_seed(0))
    logits = torch.zeros(1, 4, 12, 12, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        losses.lovasz_softmax(logits, truth).backward()
        optimizer.step()
    assert (logits.argmax(1) == truth).float().mean() > 0.95


def test_a_crop_of_nothing_but_void_teaches_nothing() -> None:
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = losses.lovasz_softmax(logits, torch.full((1, 4, 4), VOID))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_cross_entropy_is_the_weighted_mean_without_void() -> None:
    logits, weights = torch.randn(2, 3, 4, 4), torch.tensor([1.0, 2.0, 5.0])
    truth = torch.randint(0, 3, (2, 4, 4))
    truth[0] = VOID
    expected = torch.nn.functional.cross_entropy(logits, truth, weights, ignore_index=VOID)
    torch.testing.assert_close(losses.cross_entropy(logits, truth, weights), expected)


def test_cross_entropy_of_nothing_but_void_is_zero_and_so_is_its_gradient() -> None:
    """It would be 0 / 0, and NaN from then on in every weight."""
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = losses.cross_entropy(logits, torch.full((1, 4, 4), VOID), torch.ones(3))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_the_loss_of_a_pixel_of_several_classes_is_by_the_sum_of_their_probabilities() -> None:
    """By hand: probabilities 1/10, 2/10, 3/10 and 4/10 at each of four pixels: class 2, class 0 or 3, void, any of 1 to
    3; weights 2, 1, 3, 4."""
    logits = torch.log(torch.tensor([0.1, 0.2, 0.3, 0.4])).view(1, 4, 1, 1).repeat(1, 1, 1, 4).requires_grad_()
    truth = torch.tensor([[[2, 4, VOID, 5]]])
    several, weights = losses.one_of([frozenset({0, 3}), frozenset({1, 2, 3})], torch.tensor([2.0, 1.0, 3.0, 4.0]))
    assert several.tolist() == [[True, False, False, True], [False, True, True, True]]
    assert weights.tolist() == pytest.approx([2, 1, 3, 4, 3, 8 / 3])
    expected = -(3 * math.log(0.3) + 3 * math.log(0.1 + 0.4) + 8 / 3 * math.log(0.9)) / (3 + 3 + 8 / 3)
    loss = losses.cross_entropy(logits, truth, weights, several)
    assert loss.item() == pytest.approx(expected)
    loss.backward()
    assert logits.grad is not None
    # The second pixel's gradient: the probabilities minus the allowed ones' shares of their sum, by weight.
    by_hand = [0.1 - 0.1 / 0.5, 0.2, 0.3, 0.4 - 0.4 / 0.5]
    assert logits.grad[0, :, 0, 1].tolist() == pytest.approx([3 / (26 / 3) * one for one in by_hand])


def test_the_loss_of_several_classes_is_finite_at_any_score() -> None:
    logits = torch.tensor([1e4, -1e4, -2e4]).view(1, 3, 1, 1).requires_grad_()
    several, weights = losses.one_of([frozenset({1, 2})], torch.ones(3))
    loss = losses.cross_entropy(logits, torch.full((1, 1, 1), 3), weights, several)
    loss.backward()
    assert loss.item() == pytest.approx(2e4)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_lovasz_leaves_out_pixels_of_several_classes() -> None:
    truth = torch.tensor([[[0, 0, 1, 1]]])
    logits = torch.randn(1, 2, 1, 4)
    more = torch.cat([logits, torch.randn(1, 2, 1, 2)], 3)
    beside = torch.cat([truth, torch.tensor([[[2, 3]]])], 2)
    assert losses.lovasz_softmax(more, beside).item() == pytest.approx(losses.lovasz_softmax(logits, truth).item())


def test_the_losses_at_coarser_strides_know_several_classes() -> None:
    coarse, finest = sure(torch.ones(1, 2, 2, dtype=torch.long), 3), torch.zeros(1, 3, 4, 4)
    truth = torch.full((1, 32, 32), 3)
    for choice, expected in (({0, 1}, 0), ({0, 2}, 50 - math.log(2))):
        several, weights = losses.one_of([frozenset(choice)], torch.ones(3))
        loss = losses.deep_supervision([coarse, finest], truth, weights, several)
        assert loss.item() == pytest.approx(expected, abs=1e-5)


def test_class_weights_come_from_labels_alone(tmp_path: Path) -> None:
    shapes.write(tmp_path, train=3, val=1, width=64, height=48, seed=0)
    for image in (tmp_path / "train" / "images").iterdir():
        image.write_bytes(b"")  # nobody looks
    weights = losses.class_weights(SegmentationFolder(tmp_path, "train"))
    assert weights[0] == weights.min()
    assert weights.max() <= 1 / torch.log(torch.tensor(1.10)) + 1e-4
    for label in (tmp_path / "train" / "labels").iterdir():
        Image.new("L", (64, 48), 255).save(label)
    with pytest.raises(DataError, match="all are void"):
        losses.class_weights(SegmentationFolder(tmp_path, "train"))


def test_deep_supervision_judges_each_coarser_sum_and_not_the_finest() -> None:
    truth = torch.zeros(1, 32, 32, dtype=torch.long)
    right, wrong = (sure(torch.full((1, size, size), label), 2) for label, size in ((0, 2), (1, 4)))
    finest = torch.zeros(1, 2, 4, 4)
    weights = torch.ones(2)
    assert losses.deep_supervision([right, finest], truth, weights).item() == pytest.approx(0, abs=1e-6)
    assert losses.deep_supervision([right, wrong, finest], truth, weights).item() == pytest.approx(50)
    assert losses.deep_supervision([finest], truth, weights).item() == 0


def test_a_student_that_answers_like_its_teacher_has_nothing_to_learn() -> None:
    teacher = torch.randn(2, 3, 4, 4)
    assert losses.distillation(teacher + 7, teacher).item() == pytest.approx(0, abs=1e-6)
    assert losses.distillation(-teacher, teacher).item() > 0.1


def test_thinned_maps_stay_together() -> None:
    labels = torch.arange(64).view(1, 8, 8)
    for _ in range(10):
        scores, truth = losses.thinned(4, labels[:, None] * 2, labels)
        assert truth.shape == (1, 2, 2)
        assert torch.equal(scores[:, 0], truth * 2)
