"""The bucket: any server that speaks S3. Home of boto3."""
