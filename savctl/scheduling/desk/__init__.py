"""The desk with its jobs, and as the page that a scheduler serves."""
