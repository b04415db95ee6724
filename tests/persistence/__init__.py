"""Tests of the rows and transactions."""
