"""The export of analytics."""
