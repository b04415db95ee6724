"""The desk on a screen."""
