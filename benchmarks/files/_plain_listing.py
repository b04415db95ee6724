"""The floor of a cleanup: boto3 alone lists the bucket and looks at nothing.

`python -m benchmarks.files._plain_listing ENDPOINT BUCKET` prints the count and the seconds,
without the time it takes to load boto3.
"""

from __future__ import annotations

import sys
import time

import boto3
from botocore.config import Config


def main() -> None:
    """List it once."""
    client = boto3.client(
        "s3",
        endpoint_url=sys.argv[1],
        region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    started = time.perf_counter()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=sys.argv[2])
    count = sum(len(page.get("Contents", ())) for page in pages)
    print(count, time.perf_counter() - started)


if __name__ == "__main__":
    main()
