"""What the private S3 servers have in common: keys of their own, and buckets on demand."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from contextlib import suppress
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.servers.ports import LOOPBACK
from tests.servers.private import PrivateProgram

REGION = "us-east-1"
_SESSION = boto3.Session()


class PrivateS3(PrivateProgram):
    """An S3 server on loopback that checks signatures and keeps versions."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.access_key = secrets.token_hex(10).upper()
        self.secret_key = secrets.token_hex(20)

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://{LOOPBACK}:{self.port}"

    def new_bucket(self, *, versioned: bool = True) -> str:
        """Make an empty bucket and answer its name."""
        name = f"sav-{secrets.token_hex(6)}"
        self.client.create_bucket(Bucket=name)
        if versioned:
            self.client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )
        return name

    @cached_property
    def client(self) -> Any:
        """A client with the server's own keys, for what a test does behind savctl's back."""
        return self.client_of("s3", self.access_key, self.secret_key)

    def client_of(self, service: str, access_key: str, secret_key: str) -> Any:
        """A client of one of the server's services."""
        config = Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=60,
        )
        return _SESSION.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=config,
        )

    def stop(self) -> None:
        """End the server and close the client's connections."""
        if "client" in self.__dict__:
            self.__dict__.pop("client").close()
        super().stop()

    @abstractmethod
    def _admit(self) -> None:
        """Make the server know the keys, where it does not know them by its configuration."""

    def _answers(self) -> bool:
        """A first object can be written some time after the port is open."""
        with suppress(ClientError, BotoCoreError):
            self._admit()
            with suppress(ClientError):
                self.client.create_bucket(Bucket="ready")
            self.client.put_object(Bucket="ready", Key="ready", Body=b"ready")
            return True
        return False
