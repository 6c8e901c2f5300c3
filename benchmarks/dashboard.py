"""The panels of the dashboard, with their queries as Grafana would send them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.prometheus import MONITORING

FILE = MONITORING / "grafana" / "dashboards" / "fcn-serve.json"


@dataclass(frozen=True)
class Query:
    """An expression in PromQL, and how its series are called: `{{label}}` is replaced by the label's value."""

    expression: str
    legend: str

    def name(self, labels: dict[str, str]) -> str:
        """The name of a series with these labels."""
        name = self.legend
        for label, value in labels.items():
            name = name.replace(f"{{{{{label}}}}}", value)
        return name


@dataclass(frozen=True)
class Panel:
    """kind: stat, timeseries or table.
    x, y, width, height: in Grafana's units, 24 to a line.
    stacking: none, normal or percent.
    """

    kind: str
    title: str
    unit: str
    x: float
    y: float
    width: float
    height: float
    stacking: str
    logarithmic: bool
    queries: list[Query]


def panels(models: Sequence[str], rate_interval: str) -> list[Panel]:
    """Those that show something, for these served models; rates are taken over `rate_interval`."""
    return [
        panel
        for document in json.loads(FILE.read_text())["panels"]
        if document["type"] != "row"
        for panel in _repeated(document, models, rate_interval)
    ]


def _repeated(document: dict[str, Any], models: Sequence[str], rate_interval: str) -> Iterator[Panel]:
    """One panel, or one for each model, side by side."""
    place, custom = document["gridPos"], document["fieldConfig"]["defaults"].get("custom", {})
    copies = list(models) if document.get("repeat") == "model" else ["|".join(models)]
    for number, model in enumerate(copies):
        yield Panel(
            document["type"],
            document["title"].replace("$model", model),
            document["fieldConfig"]["defaults"]["unit"],
            place["x"] + number * place["w"] / len(copies),
            place["y"],
            place["w"] / len(copies),
            place["h"],
            custom.get("stacking", {}).get("mode", "none"),
            custom.get("scaleDistribution", {}).get("type") == "log",
            [
                Query(
                    target["expr"].replace("$__rate_interval", rate_interval).replace("$model", model),
                    target.get("legendFormat", ""),
                )
                for target in document["targets"]
            ],
        )
