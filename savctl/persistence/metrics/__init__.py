"""Totals and figures for metrics."""
