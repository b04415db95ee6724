"""Tokens of the auth service: keys, key sets, and the proof of a user and a role."""
