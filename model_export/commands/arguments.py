"""What the commands share, and the options of training, one for each field of `Options`."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import typer

from model_export.training.options import SIZES, Options

app = typer.Typer(
    help="Train, evaluate and export fully convolutional networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Data = Annotated[Path, typer.Argument(help="Folder with classes.json, train/, val/, each with images/ and labels/.")]


def tracked(count: int) -> Iterable[int]:
    """0 .. count - 1 with a progress bar on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    return track(range(count), "images", console=Console(stderr=True), transient=True)


def size(text: str) -> tuple[int, int]:
    """(480, 360) of 480x360. Raises BadParameter."""
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise typer.BadParameter(f"{text} is not a size like 480x360")
    return int(match[1]), int(match[2])


def source(text: str) -> dict[str, Any]:
    """The fields of `Source` in FOLDER,share=0.5,stretch=512x256,hold-out=ulm; the last may be repeated.

    Raises BadParameter.
    """
    folder, given = settings_of(text, ("share", "stretch", "hold-out"))
    if "share" not in given:
        raise typer.BadParameter(f"{text} lacks its share of the crops: {text},share=0.5")
    try:
        fields: dict[str, Any] = {"data": folder, "share": float(given["share"])}
    except ValueError:
        raise typer.BadParameter(f"the share {given['share']} is not a number") from None
    if "stretch" in given:
        fields["stretch"] = size(given["stretch"])
    if "hold-out" in given:
        fields["hold_out"] = given["hold-out"]
    return fields


def settings_of(text: str, known: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The folder and the settings in FOLDER,name=value,...; the values of one that is repeated are joined by commas.

    Raises BadParameter where a setting is not among those `known`.
    """
    folder, *settings = text.split(",")
    found: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if name not in known or not equals:
            *others, last = (f"{one}=" for one in known)
            raise typer.BadParameter(f"{setting} is not {', '.join(others)} or {last}")
        found[name] = f"{found[name]},{value}" if name in found else value
    return folder, found


def taking_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each field of `Options` that is no parameter of it; they arrive in its `**given`."""
    own = inspect.signature(command).parameters
    fields = [field for field in msgspec.structs.fields(Options) if field.name not in own]
    parameters = [parameter for parameter in own.values() if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    command.__signature__ = inspect.Signature([*parameters, *map(option, fields)])  # type: ignore[attr-defined]  # typer reads it
    return command


def option(field: msgspec.structs.FieldInfo) -> inspect.Parameter:
    """A field as an option of the command line."""
    type_, meta = get_args(field.type)
    default, settings = field.default, dict[str, Any]()
    if field.name in SIZES:
        default = "{}x{}".format(*default) if default else None
        type_, settings = Any, {"parser": size, "metavar": "WxH"}
    elif field.name == "also":
        default, type_ = [], list[Any]
        settings = {"parser": source, "metavar": "FOLDER,share=S[,stretch=WxH][,hold-out=NAME]"}
    elif get_origin(type_) is Literal:
        type_ = type(get_args(type_)[0])
    elif get_origin(type_) is tuple:
        type_ = tuple[float, float]
    annotation = Annotated[type_, typer.Option(help=meta.description, **settings)]  # type: ignore[valid-type]  # made at run time
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def flag(name: str) -> str:
    """The option of a field: --crop of crop."""
    return "--" + name.replace("_", "-")


def chosen(given: Mapping[str, Any]) -> Options:
    """Validate the options of a command. Raises BadParameter, which names the invalid one."""
    try:
        options = msgspec.convert(given, Options)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$.")
        name = re.split(r"\W", place)[0]
        described = {field.name: get_args(field.type)[1].description for field in msgspec.structs.fields(Options)}
        raise typer.BadParameter(f"{said}. {described[name]}", param_hint=flag(name)) from error
    for name in ("weights", "teacher"):
        path = getattr(options, name)
        if path is not None and not Path(path).is_file():
            raise typer.BadParameter(f"{path} does not exist.", param_hint=flag(name))
    return options
