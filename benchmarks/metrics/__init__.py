"""The metrics that are scraped."""
