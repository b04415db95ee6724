"""A server of keys on this machine, and the tokens that its keys prove."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def jwk(key: Any, kid: str | None = "one", **more: Any) -> dict[str, Any]:
    """The public half of a key as a member of a set."""
    kind = jwt.algorithms.RSAAlgorithm if key is RSA else jwt.algorithms.ECAlgorithm
    found = kind.to_jwk(key.public_key(), as_dict=True)
    return {**found, **({} if kid is None else {"kid": kid}), **more}


def key_set_of(*members: dict[str, Any]) -> str:
    """A JWK set."""
    return json.dumps({"keys": list(members)})


def signed(key: Any = RSA, kid: str | None = "one", **claims: Any) -> str:
    """A token of an admin, of user 5."""
    known = {"sub": "5", "role": "admin", "exp": int(time.time()) + 600, **claims}
    headers = None if kid is None else {"kid": kid}
    return jwt.encode(known, key, algorithm="RS256" if key is RSA else "ES256", headers=headers)


def aged(path: Path, seconds: float) -> None:
    """Make the kept set as old as this."""
    stored = json.loads(path.read_text())
    stored |= {name: stored[name] - seconds for name in ("fetched_at", "asked_at")}
    path.write_text(json.dumps(stored))


@dataclass
class KeyServer:
    """What it answers, and how often it was asked."""

    text: str
    code: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    is_silent: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(text: str) -> Iterator[KeyServer]:
    """A server of this set, stopped at the end."""
    served = KeyServer(text)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            if served.is_silent:
                served.released.wait(30)
                return
            self.send_response(served.code)
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(served.text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}/keys"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.released.set()
        server.shutdown()
        server.server_close()
