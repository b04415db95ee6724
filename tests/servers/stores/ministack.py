"""A private ministack: a second S3 server, exact where SeaweedFS is not (order, markers).

It lives in an environment of its own (`ministack_install`): it pins another botocore than ours.
Only the keys of an IAM user are checked by it; those of its root pair are not.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from tests.servers.ports import LOOPBACK, free_port
from tests.servers.process import GuardedProcess
from tests.servers.stores.s3_server import PrivateS3

EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


class PrivateMinistack(PrivateS3):
    """One ministack; `with PrivateMinistack(program) as server:` runs it.

    Args:
        program: what `find.ministack()` answers.
    """

    def __init__(self, program: Path) -> None:
        super().__init__("ministack")
        self._program = program
        self._root = (self.access_key, self.secret_key)
        self._is_admitted = False

    def _furnish(self) -> None:
        self._is_admitted = False
        (self.folder / "data").mkdir()

    def _choose_ports(self) -> int:
        return free_port()

    def _launch(self) -> GuardedProcess:
        access_key, secret_key = self._root
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.folder),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": LOOPBACK,
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key,
            "SERVICES": "s3,iam,sts",
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.folder / "data"),
        }
        return GuardedProcess(
            [str(self._program)],
            folder=self.folder,
            log=self.folder / "log",
            environment=environment,
        )

    def _admit(self) -> None:
        """Make the user whose signatures are checked."""
        if self._is_admitted:
            return
        self.access_key, self.secret_key = self.new_user(EVERYTHING)
        self._is_admitted = True

    def new_user(self, policy: dict[str, Any]) -> tuple[str, str]:
        """Make a user who may do what the policy says; answer the user's keys."""
        name = f"user-{secrets.token_hex(4)}"
        iam = self.client_of("iam", *self._root)
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        iam.close()
        return key["AccessKeyId"], key["SecretAccessKey"]
