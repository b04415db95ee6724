"""Floor 3: the one place that chooses parts, each made on first use; a module a subject."""

from savctl.bootstrap.app import App
from savctl.bootstrap.database import refuse

__all__ = ["App", "refuse"]
