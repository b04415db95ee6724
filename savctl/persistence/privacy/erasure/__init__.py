"""Rows of erasures, and the rows that an erasure removes."""
