"""savctl: the operations side of the SAV support service."""

__version__ = "0.1.0"
