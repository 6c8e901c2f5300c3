"""Trains an FCN, epoch by epoch. What an epoch draws depends on the seed and its number alone, so a resumed run and
an unbroken one compute the same."""

import csv
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import msgspec
import torch
from rich.progress import Progress
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from model_export import checkpoint
from model_export.checkpoint import Config, Trained
from model_export.data.augment import OUTSIDE, Augmentation
from model_export.data.folder import VOID, SegmentationFolder
from model_export.errors import CheckpointError, DataError
from model_export.metrics import Meter
from model_export.networks import BACKBONES, COARSEST, FCN
from service.segmentation.classes import rgb
from service.segmentation.contract import Metrics


class Run:
    """One training run in its own folder: config.json, metrics.csv, last.pt (to resume) and best.pt (to export)."""

    def __init__(self, config: Config, folder: Path, workers: int) -> None:
        torch.manual_seed(config.seed)
        self.config, self.folder, self.workers = config, folder, workers
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.augmentation = Augmentation(config.crop_width, config.crop_height, config.seed)
        self.train_set = SegmentationFolder(Path(config.data), "train", self.augmentation)
        self.val_set = SegmentationFolder(Path(config.data), "val")
        if len(self.train_set) < config.batch:
            raise DataError(f"{len(self.train_set)} training images do not fill a batch of {config.batch}.")
        self.classes = self.train_set.classes
        self.network = self._build().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this pair
        self.average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(config.average), use_buffers=True)
        head = [p for name, p in self.network.named_parameters() if not name.startswith("backbone.")]
        rates = [config.backbone_rate, config.rate]
        self.optimizer = torch.optim.AdamW(
            [{"params": list(self.network.backbone.parameters())}, {"params": head}], weight_decay=config.decay
        )
        steps = config.epochs * (len(self.train_set) // config.batch)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, rates, total_steps=steps)
        self.weights = class_weights(self.train_set).to(self.device)
        self.epoch = 0
        self.best = -1.0

    def _build(self) -> FCN:
        backbone = BACKBONES[self.config.backbone]()
        if self.config.weights is not None:
            backbone.load_pretrained(Path(self.config.weights))
        return FCN(backbone, len(self.classes.classes), self.config.stride)

    def train(self, progress: Progress) -> None:
        """Run the epochs that are left; after each, keep what is needed to resume, and the best network on val."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.json").write_bytes(msgspec.json.format(msgspec.json.encode(asdict(self.config))))
        bar = progress.add_task("epochs", total=self.config.epochs, completed=self.epoch)
        while self.epoch < self.config.epochs:
            began = time.monotonic()
            loss = self._train_epoch(progress)
            average = cast(FCN, self.average.module)
            metrics = validate(average, self.val_set, self.device)
            self.epoch += 1
            if metrics.mean_iu > self.best:
                self.best = metrics.mean_iu
                trained = Trained(average, self.classes, self.config, self.epoch, metrics)
                checkpoint.save(trained, self.folder / "best.pt")
            self._log(loss, metrics, time.monotonic() - began)
            checkpoint.write(self._state(), self.folder / "last.pt")
            line = f"epoch {self.epoch}: loss {loss:.4f}, val mean IU {metrics.mean_iu:.4f} (best {self.best:.4f})"
            progress.console.print(line)
            progress.advance(bar)

    def _train_epoch(self, progress: Progress) -> float:
        """One pass over the training images; the mean loss."""
        torch.manual_seed(self.config.seed * 1_000_003 + self.epoch)
        self.augmentation.epoch = self.epoch
        loader = DataLoader(self.train_set, self.config.batch, shuffle=True, drop_last=True, num_workers=self.workers)
        bar = progress.add_task(f"epoch {self.epoch + 1}", total=len(loader))
        self.network.train()
        total = 0.0
        for image, truth in loader:
            logits = mixed(self.network, to_network(image, self.device))
            loss = F.cross_entropy(logits, truth.to(self.device).long(), weight=self.weights, ignore_index=VOID)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            self.average.update_parameters(self.network)
            total += loss.item()
            progress.advance(bar)
        progress.remove_task(bar)
        return total / len(loader)

    def _log(self, loss: float, metrics: Metrics, seconds: float) -> None:
        """Append the epoch to metrics.csv, one column per class's IU."""
        row: dict[str, Any] = {"epoch": self.epoch, "seconds": round(seconds, 1), "train_loss": loss}
        row |= {name: value for name, value in msgspec.to_builtins(metrics).items() if name != "iu"}
        row |= {f"iu {name}": value for name, value in zip(self.classes.names, metrics.iu, strict=True)}
        with (self.folder / "metrics.csv").open("w" if self.epoch == 1 else "a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if self.epoch == 1:
                writer.writeheader()
            writer.writerow(row)

    def _state(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "epoch": self.epoch,
            "best": self.best,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }

    def resume(self) -> None:
        """Go on from last.pt. Raises CheckpointError where it is missing or of a run with another config."""
        state = checkpoint.read(self.folder / "last.pt")
        # Where the data and weights lie may change between machines; what is computed may not.
        if replace(Config(**state["config"]), data=self.config.data, weights=self.config.weights) != self.config:
            raise CheckpointError(f"{self.folder / 'last.pt'} is of a run with other options; repeat these to resume.")
        self.epoch, self.best = state["epoch"], state["best"]
        for name in ("network", "average", "optimizer", "schedule"):
            getattr(self, name).load_state_dict(state[name])


def class_weights(data: SegmentationFolder) -> Tensor:
    """1 / ln(1.10 + share of pixels) per class, after ENet (Paszke et al. 2016): rare classes count more."""
    counts = torch.zeros(VOID + 1)
    for index in range(len(data)):
        _, label = data.read(index)
        counts += torch.tensor(label.histogram(), dtype=torch.float32)
    counts = counts[: len(data.classes.classes)]
    return 1 / torch.log(1.10 + counts / counts.sum())


def to_network(image: Tensor, device: torch.device) -> Tensor:
    """uint8 [N, 3, H, W] as the float, channels-last batch that trains fastest."""
    return image.to(device).float().contiguous(memory_format=torch.channels_last)


def mixed(network: FCN, image: Tensor) -> Tensor:
    """The network's logits, in bfloat16 where the work is and in float32 where the sums are.

    The scores would gain nothing in bfloat16, and on a processor with AMX a 1x1 convolution of 4,096 channels to a few
    classes, as on VGG-16, then writes past its buffers (torch 2.13.0 with oneDNN: the heap is found corrupted).
    """
    with torch.autocast(image.device.type, dtype=torch.bfloat16):
        fine, middle, coarse = network.encode(image)
    return network.decode((fine.float(), middle.float(), coarse.float()))


def padded(batch: Tensor) -> Tensor:
    """Fill up to multiples of the coarsest stride, right and below, as the service does."""
    height, width = batch.shape[-2:]
    outside = torch.tensor(rgb(OUTSIDE), device=batch.device).view(3, 1, 1)
    return F.pad(batch - outside, (0, -width % COARSEST, 0, -height % COARSEST)) + outside


@torch.inference_mode()
def validate(network: FCN, data: SegmentationFolder, device: torch.device) -> Metrics:
    """Judge the network on whole images, one by one, at their own size."""
    network.eval()
    meter = Meter(len(data.classes.classes))
    for index in range(len(data)):
        image, truth = data[index]
        logits = mixed(network, padded(to_network(image[None], device)))
        height, width = truth.shape
        meter.add(logits[0, :, :height, :width].argmax(0), truth)
    return meter.metrics()
