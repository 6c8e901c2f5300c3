"""The command line: what a person types, unwrapped into calls."""

from model_export.commands import judging, making
from model_export.commands.arguments import app

__all__ = ["app", "judging", "making"]
