"""Trains a network, epoch by epoch.

What an epoch draws at random depends on the seed and the epoch's number alone, so a resumed run computes what an
unbroken one does: bit for bit on a processor; on CUDA up to rounding, as some operations there sum in no fixed order.
"""

import csv
import math
import subprocess
import time
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import Any, cast

import msgspec
import torch
from rich.progress import Progress
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from model_export import networks
from model_export.errors import CheckpointError, DataError
from model_export.networks import SegmentationNetwork
from model_export.networks.fcn import Deconvolution
from model_export.reports import plots
from model_export.training import checkpoint, losses, material, options, published
from model_export.training.checkpoint import Trained
from model_export.training.optimizer import parameter_groups
from model_export.training.options import Options, without_files
from model_export.training.validate import mixed, to_network, validate
from service.segmentation.modelfile.contract import Metrics

SAVE_EVERY_S = 180
"""Seconds of training that a crash may cost."""

PROGRESS = ("epoch", "step", "loss", "best", "rows")
LEARNED = ("network", "average", "optimizer", "schedule")
"""The attributes of a run that last.pt keeps: its progress, and what has a state_dict."""


class Run:
    """One training run in its own folder: options.json, metrics.csv, last.pt (to resume), best.pt (to export), and
    curves.png and confusion.png (to look at)."""

    def __init__(self, chosen: Options, folder: Path, workers: int) -> None:
        """Read the data set and build the network.

        Raises DataError, CheckpointError and OptionError where that is impossible with these options.
        """
        torch.manual_seed(chosen.seed)
        self.native = material.native_size(chosen)
        self.options = msgspec.structs.replace(chosen, native=self.native)
        self.folder, self.workers = folder, workers
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.augmentation = material.augmentation(chosen, self.native)
        self.material = material.gather(chosen, self.augmentation)
        self.train_set = self.material.train
        if len(self.train_set) < chosen.batch_size:
            raise DataError(f"{len(self.train_set)} training images do not fill a batch of {chosen.batch_size}.")
        self.classes = self.material.target.classes
        network, loaded = self._build()
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this pair
        self.teacher = None if chosen.teacher is None else self._teacher(Path(chosen.teacher))
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(chosen.ema_decay), use_buffers=True
        )
        groups = parameter_groups(self.network, loaded, chosen)
        self.optimizer = torch.optim.AdamW(groups)
        self.steps = len(self.train_set) // chosen.batch_size
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, [group["max_lr"] for group in groups], total_steps=chosen.epochs * self.steps
        )
        self.weights, self.several = self._weights()
        self.epoch = 0
        self.step = 0
        self.loss = 0.0
        self.best = -1.0
        self.rows: list[dict[str, Any]] = []
        self.stopping = False
        self.saved = time.monotonic()

    def _build(self) -> tuple[SegmentationNetwork, set[str]]:
        """The network as training begins, and the names of what was loaded into it."""
        chosen, loaded = self.options, set[str]()
        network = networks.network(chosen.architecture, chosen.backbone, len(self.classes.classes), chosen.stride)
        if chosen.weights is not None:
            loaded |= {f"backbone.{name}" for name in network.backbone.load_pretrained(Path(chosen.weights))}
        if chosen.init is not None:
            loaded |= published.initialise(network, published.locate(chosen.init), self.classes)
        if chosen.freeze and loaded:
            network.backbone.freeze()
        for layer in network.modules():
            if isinstance(layer, Deconvolution):
                layer.requires_grad_(not chosen.fixed_deconvolutions)
        return network, loaded

    def _weights(self) -> tuple[Tensor, Tensor | None]:
        """The weight of each label, by the target's pixels, and the choices that labels may be, None without any."""
        weights, choices = losses.class_weights(self.material.target), self.material.several
        if not choices:
            return weights.to(self.device), None
        several, weights = losses.one_of(choices, weights)
        return weights.to(self.device), several.to(self.device)

    def _teacher(self, path: Path) -> SegmentationNetwork:
        trained = checkpoint.load(path)
        if trained.classes.names != self.classes.names:
            raise CheckpointError(f"{path} has other classes: {', '.join(trained.classes.names)}.")
        return trained.network.to(self.device)

    def stop(self) -> None:
        """End the training after the current step; last.pt then has everything that `resume` needs."""
        self.stopping = True

    def train(self, progress: Progress) -> None:
        """Train to the last epoch, or until `stop`; write best.pt and last.pt.

        Raises DataError where an image is invalid, or the loss is not finite.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        origin = msgspec.to_builtins(self.options) | {"commit": commit(), "torch": str(torch.__version__)}
        (self.folder / "options.json").write_bytes(msgspec.json.format(msgspec.json.encode(origin)))
        bar = progress.add_task("epochs", total=self.options.epochs, completed=self.epoch)
        while self.epoch < self.options.epochs:
            began = time.monotonic()
            self._train_epoch(progress)
            if self.stopping:
                self._save()
                return
            loss = self.loss / self.steps
            self.epoch, self.step, self.loss = self.epoch + 1, 0, 0.0
            metrics = self._validate() if self._due() else {}
            self._log(loss, metrics, time.monotonic() - began)
            self._save()
            progress.console.print(f"epoch {self.epoch}: loss {loss:.4f}{self._judged(metrics)}")
            progress.advance(bar)

    def _due(self) -> bool:
        """Whether to validate after this epoch: `validations` times in a run, the last time after its last epoch."""
        every = max(1, self.options.epochs // self.options.validations)
        return (self.options.epochs - self.epoch) % every == 0

    def _validate(self) -> dict[str, Metrics]:
        """Validate the averaged network on each data set, and keep it if the mean of their mean IUs is the best so far.

        What is kept has the figures of the target.
        """
        average = cast(SegmentationNetwork, self.average.module)
        meters = {
            name: validate(average, self.classes, data, self.native, self.device, self.options.outside)
            for name, data in self.material.val.items()
        }
        metrics = {name: meter.metrics() for name, meter in meters.items()}
        judged = mean(figures.mean_iu for figures in metrics.values())
        if judged > self.best:
            self.best = judged
            first = next(iter(metrics))
            trained = Trained(average, self.classes, self.options, self.epoch, metrics[first])
            checkpoint.save(trained, self.folder / "best.pt")
            plots.confusion(meters[first].confusion, self.classes, metrics[first], self.folder / "confusion.png")
        return metrics

    def _judged(self, metrics: dict[str, Metrics]) -> str:
        """The mean IU of each data set, and the best mean of them."""
        if not metrics:
            return ""
        each = [f"{name} {figures.mean_iu:.4f}" for name, figures in metrics.items()]
        figures = mean(figures.mean_iu for figures in metrics.values())
        several = f" ({', '.join(each)})" if len(each) > 1 else ""
        return f", val mean IU {figures:.4f}{several} (best {self.best:.4f})"

    def _train_epoch(self, progress: Progress) -> None:
        """Train to the end of the epoch, or until `stop`."""
        seed = self.options.seed * 1_000_003 + self.epoch
        order = torch.randperm(len(self.train_set), generator=torch.Generator().manual_seed(seed)).tolist()
        size = self.options.batch_size
        batches = [order[step * size : (step + 1) * size] for step in range(self.step, self.steps)]
        if self.step == 0:
            torch.manual_seed(seed)
        self.augmentation.epoch = self.epoch
        self.train_set.start(self.epoch)
        # With its own generator, the loader does not draw from the network's.
        loader = DataLoader(
            self.train_set, batch_sampler=batches, num_workers=self.workers, generator=torch.Generator()
        )
        bar = progress.add_task(f"epoch {self.epoch + 1}", total=self.steps, completed=self.step)
        first = self.step
        self.network.train()
        for image, truth in loader:
            loss = self._loss(to_network(image, self.device), truth.to(self.device).long())
            self.loss += self._learn(loss, batches[self.step - first])
            self.step += 1
            progress.advance(bar)
            if self.stopping:
                break
            if time.monotonic() - self.saved > SAVE_EVERY_S:
                self._save()
        progress.remove_task(bar)

    def _learn(self, loss: Tensor, batch: list[int]) -> float:
        """Take one step down the loss, and return it. Raises DataError before NaN or infinity gets into the weights."""
        self.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.options.max_gradient_norm)
        value, length = loss.item(), norm.item()
        if not (math.isfinite(value) and math.isfinite(length)):
            names = ", ".join(self.train_set.name(place) for place in batch)
            raise DataError(
                f"Epoch {self.epoch + 1}, step {self.step + 1}: the loss is {value:.3g} and its gradient's norm "
                f"{length:.3g}, on {names}; look at these images, or lower the learning rates."
            )
        self.optimizer.step()
        self.schedule.step()
        self.average.update_parameters(self.network)
        return value

    def _loss(self, image: Tensor, truth: Tensor) -> Tensor:
        chosen = self.options
        sums = mixed(self.network, image)
        logits = self.network.enlarge(sums[-1])
        loss = losses.cross_entropy(logits, truth, self.weights, self.several)
        if chosen.aux_loss_weight:
            coarser = losses.deep_supervision(sums, truth, self.weights, self.several)
            loss = loss + chosen.aux_loss_weight * coarser
        if chosen.lovasz_weight:
            loss = loss + chosen.lovasz_weight * losses.lovasz_softmax(*losses.thinned(4, logits, truth))
        if self.teacher is not None:
            with torch.no_grad():
                taught = self.teacher.enlarge(mixed(self.teacher, image)[-1])
            loss = loss + chosen.distillation_weight * losses.distillation(*losses.thinned(2, logits, taught))
        return loss

    def _log(self, loss: float, metrics: dict[str, Metrics], seconds: float) -> None:
        """Add the epoch to metrics.csv: a row for each data set that is validated on, with a column for each class's
        IU; empty where it was not validated."""
        for name, data in self.material.val.items():
            row: dict[str, Any] = {"epoch": self.epoch, "seconds": round(seconds, 1), "train_loss": loss, "data": name}
            figures = msgspec.to_builtins(metrics[name]) if metrics else {}
            row |= {key: figures.get(key) for key in Metrics.__struct_fields__ if key != "iu"}
            ius = figures.get("iu", [None] * len(data.classes.classes))
            row |= {f"iu {one}": value for one, value in zip(data.classes.names, ius, strict=True)}
            self.rows.append(row)
        columns = list(dict.fromkeys(column for row in self.rows for column in row))
        with (self.folder / "metrics.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self.rows)
        if metrics:
            plots.curves(self.rows, self.folder / "curves.png")

    def _save(self) -> None:
        """Write last.pt: the full state of the run, also in the middle of an epoch."""
        state = {name: getattr(self, name) for name in PROGRESS}
        state |= {name: getattr(self, name).state_dict() for name in LEARNED}
        state |= {"options": msgspec.to_builtins(self.options), "content": self.content}
        state |= {"random": torch.get_rng_state(), "cuda_random": torch.cuda.get_rng_state_all()}
        checkpoint.write(state, self.folder / "last.pt")
        self.saved = time.monotonic()

    @cached_property
    def content(self) -> dict[str, str | None]:
        """What the run learns from, by hash."""
        return material.content(self.options, self.material)

    def resume(self) -> None:
        """Continue from last.pt.

        Files may have moved, but not changed. Raises CheckpointError where last.pt is missing, or is of a run with
        other options, data or weights.
        """
        last = self.folder / "last.pt"
        state = checkpoint.read(last)
        try:
            if without_files(options.read(state["options"])) != without_files(self.options):
                raise CheckpointError(f"{last} is of a run with other options; repeat these to resume.")
            changed = [name for name, hashed in self.content.items() if state["content"].get(name) != hashed]
            if changed:
                raise CheckpointError(f"{last} is of a run on other files: these changed: {', '.join(changed)}.")
            for name in PROGRESS:
                setattr(self, name, state[name])
            for row in self.rows:  # those of older runs have one data set and do not name it
                row.setdefault("data", next(iter(self.material.val)))
            for name in LEARNED:
                getattr(self, name).load_state_dict(state[name])
            torch.set_rng_state(state["random"])
            torch.cuda.set_rng_state_all(state["cuda_random"][: torch.cuda.device_count()])
        except (KeyError, ValueError, RuntimeError, msgspec.ValidationError) as error:
            raise CheckpointError(f"{last} is of another version, which cannot be resumed: {error}") from error


def commit() -> str | None:
    """The code's commit, marked where files differ from it; None outside of a repository."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  # a fixed command
    except (OSError, subprocess.CalledProcessError):
        return None
