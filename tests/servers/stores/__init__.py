"""Private S3 servers and their buckets."""
