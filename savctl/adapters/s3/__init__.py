"""The bucket: any server with the S3 protocol. Home of boto3."""
