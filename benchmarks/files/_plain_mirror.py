"""The floor of a mirror: boto3 alone copies every object into another bucket, one after another.

`python -m benchmarks.files._plain_mirror SOURCE TARGET` prints count, bytes and the seconds of the
loop; AWS_ENDPOINT and the keys come from the environment.
"""

from __future__ import annotations

import os
import sys
import time

import boto3
from botocore.config import Config


def main() -> None:
    """Copy once: read here, write there, as a script would without a copy on the server."""
    source, target = sys.argv[1:]
    client = boto3.client(
        "s3",
        endpoint_url=os.environ["AWS_ENDPOINT"],
        region_name="us-east-1",
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    started, count, size = time.perf_counter(), 0, 0
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=source):
        for entry in page.get("Contents", ()):
            content = client.get_object(Bucket=source, Key=entry["Key"])["Body"].read()
            client.put_object(Bucket=target, Key=entry["Key"], Body=content)
            count, size = count + 1, size + len(content)
    print(count, size, time.perf_counter() - started)


if __name__ == "__main__":
    main()
