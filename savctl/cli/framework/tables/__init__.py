"""Rows of an answer: which columns, how wide, in which colour."""
