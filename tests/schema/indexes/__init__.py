"""Indexes that savctl wants on tables of another program."""
