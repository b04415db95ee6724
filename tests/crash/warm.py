"""Imported by the fork server alone: what every savctl would load, loaded once."""

from __future__ import annotations

from savctl.adapters.s3 import client

client.new_client(client.S3Settings(bucket="none"), "http://127.0.0.1:1").close()
