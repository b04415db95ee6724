"""Imported by the fork server alone: what every savctl would load, loaded once."""

from __future__ import annotations

from savctl.adapters import _s3_client

_s3_client.new_client(_s3_client.S3Settings(bucket="none"), "http://127.0.0.1:1").close()
