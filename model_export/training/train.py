"""Trains an FCN, epoch by epoch. What an epoch draws depends on the seed and its number alone, so a resumed run and
an unbroken one compute the same."""

import csv
import subprocess
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import msgspec
import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from model_export.data.augment import Augmentation
from model_export.data.folder import VOID, SegmentationFolder
from model_export.errors import CheckpointError, DataError
from model_export.networks import BACKBONES, FCN
from model_export.reports import plots
from model_export.training import checkpoint, losses, published
from model_export.training.checkpoint import Config, Trained
from model_export.training.validate import mixed, to_network, validate
from service.segmentation.modelfile.contract import Metrics

VALIDATIONS = 6
"""How often a run validates."""

SAVE_EVERY_S = 180
"""How much of a long epoch a crash may cost, in seconds."""

PROGRESS = ("epoch", "step", "loss", "best", "rows")
LEARNED = ("network", "average", "optimizer", "schedule")
"""What of a run is kept in last.pt: how far it is, and what it has learned."""


class Run:
    """One training run in its own folder: config.json, metrics.csv, last.pt (to resume), best.pt (to export), and
    curves.png and confusion.png (to look at)."""

    def __init__(self, config: Config, folder: Path, workers: int) -> None:
        torch.manual_seed(config.seed)
        self.config, self.folder, self.workers = config, folder, workers
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        scales = (config.smallest, config.largest)
        self.augmentation = Augmentation(config.crop_width, config.crop_height, scales, config.seed)
        self.train_set, self.val_set = splits(config, self.augmentation)
        if len(self.train_set) < config.batch:
            raise DataError(f"{len(self.train_set)} training images do not fill a batch of {config.batch}.")
        self.classes = self.train_set.classes
        self.network = self._build().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this pair
        self.teacher = None if config.teacher is None else self._teacher(Path(config.teacher))
        self.average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(config.average), use_buffers=True)
        pretrained, new = parameters(self.network)
        rates = [config.backbone_rate, config.rate]
        self.optimizer = torch.optim.AdamW([{"params": pretrained}, {"params": new}], weight_decay=config.decay)
        self.steps = len(self.train_set) // config.batch
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, rates, total_steps=config.epochs * self.steps
        )
        self.weights = class_weights(self.train_set).to(self.device)
        self.epoch = 0
        self.step = 0
        self.loss = 0.0
        self.best = -1.0
        self.rows: list[dict[str, Any]] = []
        self.stopping = False
        self.saved = time.monotonic()

    def _build(self) -> FCN:
        backbone = BACKBONES[self.config.backbone]()
        network = FCN(backbone, len(self.classes.classes), self.config.stride)
        if self.config.weights is not None:
            backbone.load_pretrained(Path(self.config.weights))
        if self.config.init is not None:
            published.initialise(network, published.locate(self.config.init), self.classes)
        if self.config.freeze and (self.config.weights or self.config.init):
            backbone.freeze()
        for deconvolution in (network.fuse, network.upsample):
            deconvolution.requires_grad_(not self.config.fixed)
        return network

    def _teacher(self, path: Path) -> FCN:
        trained = checkpoint.load(path)
        if trained.classes.names != self.classes.names:
            raise CheckpointError(f"{path} tells other classes apart: {', '.join(trained.classes.names)}.")
        return trained.network.to(self.device)

    def stop(self) -> None:
        """End the training after the step at hand; last.pt then has all that is needed to go on."""
        self.stopping = True

    def train(self, progress: Progress) -> None:
        """Run what is left of the epochs, or until `stop`; keep the best network on val, and what resuming needs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        origin = asdict(self.config) | {"commit": commit(), "torch": str(torch.__version__)}
        (self.folder / "config.json").write_bytes(msgspec.json.format(msgspec.json.encode(origin)))
        bar = progress.add_task("epochs", total=self.config.epochs, completed=self.epoch)
        while self.epoch < self.config.epochs:
            began = time.monotonic()
            self._train_epoch(progress)
            if self.stopping:
                self._save()
                return
            loss = self.loss / self.steps
            self.epoch, self.step, self.loss = self.epoch + 1, 0, 0.0
            metrics = self._validate() if self._due() else None
            self._log(loss, metrics, time.monotonic() - began)
            self._save()
            judged = "" if metrics is None else f", val mean IU {metrics.mean_iu:.4f} (best {self.best:.4f})"
            progress.console.print(f"epoch {self.epoch}: loss {loss:.4f}{judged}")
            progress.advance(bar)

    def _due(self) -> bool:
        """Whether to validate: a few times in a run, and after its last epoch."""
        return (self.config.epochs - self.epoch) % max(1, self.config.epochs // VALIDATIONS) == 0

    def _validate(self) -> Metrics:
        """Judge the averaged network on val; the best one is kept."""
        average = cast(FCN, self.average.module)
        meter = validate(average, self.val_set, self.config.scale, self.device)
        metrics = meter.metrics()
        if metrics.mean_iu > self.best:
            self.best = metrics.mean_iu
            trained = Trained(average, self.classes, self.config, self.epoch, metrics)
            checkpoint.save(trained, self.folder / "best.pt")
            plots.confusion(meter.confusion, self.classes, metrics, self.folder / "confusion.png")
        return metrics

    def _train_epoch(self, progress: Progress) -> None:
        """What is left of one pass over the training images."""
        seed = self.config.seed * 1_000_003 + self.epoch
        order = torch.randperm(len(self.train_set), generator=torch.Generator().manual_seed(seed)).tolist()
        size = self.config.batch
        batches = [order[step * size : (step + 1) * size] for step in range(self.step, self.steps)]
        if self.step == 0:
            torch.manual_seed(seed)
        self.augmentation.epoch = self.epoch
        # With a generator of its own, the loader leaves the network's random numbers alone.
        loader = DataLoader(
            self.train_set, batch_sampler=batches, num_workers=self.workers, generator=torch.Generator()
        )
        bar = progress.add_task(f"epoch {self.epoch + 1}", total=self.steps, completed=self.step)
        self.network.train()
        for image, truth in loader:
            loss = self._loss(to_network(image, self.device), truth.to(self.device).long())
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            self.average.update_parameters(self.network)
            self.loss += loss.item()
            self.step += 1
            progress.advance(bar)
            if self.stopping:
                break
            if time.monotonic() - self.saved > SAVE_EVERY_S:
                self._save()
        progress.remove_task(bar)

    def _loss(self, image: Tensor, truth: Tensor) -> Tensor:
        config = self.config
        sums = mixed(self.network, image)
        logits = self.network.enlarge(sums[-1])
        loss = losses.cross_entropy(logits, truth, self.weights)
        if config.deep:
            loss = loss + config.deep * losses.deep_supervision(sums, truth, self.weights)
        if config.lovasz:
            loss = loss + config.lovasz * losses.lovasz_softmax(*losses.thinned(4, logits, truth))
        if self.teacher is not None:
            with torch.no_grad():
                taught = self.teacher.enlarge(mixed(self.teacher, image)[-1])
            loss = loss + config.distil * losses.distillation(*losses.thinned(2, logits, taught))
        return loss

    def _log(self, loss: float, metrics: Metrics | None, seconds: float) -> None:
        """Add the epoch to metrics.csv, one column per class's IU; empty where it was not validated."""
        row: dict[str, Any] = {"epoch": self.epoch, "seconds": round(seconds, 1), "train_loss": loss}
        figures = {} if metrics is None else msgspec.to_builtins(metrics)
        row |= {name: figures.get(name) for name in Metrics.__struct_fields__ if name != "iu"}
        ius = figures.get("iu", [None] * len(self.classes.classes))
        row |= {f"iu {name}": value for name, value in zip(self.classes.names, ius, strict=True)}
        self.rows.append(row)
        with (self.folder / "metrics.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerows(self.rows)
        if metrics is not None:
            plots.curves(self.rows, self.folder / "curves.png")

    def _save(self) -> None:
        """Write last.pt: all that decides how the run goes on, in the middle of an epoch too."""
        state = {name: getattr(self, name) for name in PROGRESS}
        state |= {name: getattr(self, name).state_dict() for name in LEARNED}
        state |= {"config": asdict(self.config), "random": torch.get_rng_state()}
        checkpoint.write(state, self.folder / "last.pt")
        self.saved = time.monotonic()

    def resume(self) -> None:
        """Go on from last.pt. Raises CheckpointError where it is missing or of a run with another config."""
        state = checkpoint.read(self.folder / "last.pt")
        # Where files lie may change between machines; what is computed may not.
        places = {name: getattr(self.config, name) for name in ("data", "weights", "init", "teacher")}
        if replace(Config(**state["config"]), **places) != self.config:
            raise CheckpointError(f"{self.folder / 'last.pt'} is of a run with other options; repeat these to resume.")
        for name in PROGRESS:
            setattr(self, name, state[name])
        for name in LEARNED:
            getattr(self, name).load_state_dict(state[name])
        torch.set_rng_state(state["random"])


def commit() -> str | None:
    """The code's commit, marked where files differ from it; None where the code is in no repository."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  # no input of anybody's
    except (OSError, subprocess.CalledProcessError):
        return None


def splits(config: Config, augmentation: Augmentation) -> tuple[SegmentationFolder, SegmentationFolder]:
    """What to train on and what to judge on: train and val, or, of train, what is held out and what is not."""
    train = SegmentationFolder(Path(config.data), "train", augmentation)
    prefix = config.hold_out
    if prefix is None:
        return train, SegmentationFolder(Path(config.data), "val")
    held = SegmentationFolder(Path(config.data), "train").keep(lambda name: name.startswith(prefix))
    return train.keep(lambda name: not name.startswith(prefix)), held


def parameters(network: FCN) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Those that come from a pretrained network and those that do not; frozen ones are in neither."""
    pretrained: list[nn.Parameter] = []
    new: list[nn.Parameter] = []
    fresh = tuple(f"backbone.{name}" for name in network.backbone.fresh)
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            known = name.startswith("backbone.") and not name.startswith(fresh)
            (pretrained if known else new).append(parameter)
    return pretrained, new


def class_weights(data: SegmentationFolder) -> Tensor:
    """1 / ln(1.10 + share of pixels) per class, after ENet (Paszke et al. 2016): rare classes count more."""
    counts = torch.zeros(VOID + 1)
    for index in range(len(data)):
        _, label = data.read(index)
        counts += torch.tensor(label.histogram(), dtype=torch.float32)
    counts = counts[: len(data.classes.classes)]
    return 1 / torch.log(1.10 + counts / counts.sum())
