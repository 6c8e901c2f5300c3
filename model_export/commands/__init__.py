"""The command line: arguments are parsed here, the work is done elsewhere."""

from model_export.commands import adopting, finishing, judging, making, scans, showing
from model_export.commands.arguments import app

__all__ = ["adopting", "app", "finishing", "judging", "making", "scans", "showing"]
