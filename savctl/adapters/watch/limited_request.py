"""HTTP requests that end in time, also where a server sends a byte now and then."""

from __future__ import annotations

import http.client
import socket
import urllib.request
from contextlib import suppress
from threading import Timer


class _Limited(http.client.HTTPConnection):
    """A connection that is cut when its time is over; a timeout alone is one for each read."""

    def connect(self) -> None:
        super().connect()
        cutting = Timer(float(self.timeout or 0), _cut, (self.sock,))
        cutting.daemon = True  # it holds up the end of no process
        cutting.start()


class _LimitedTls(_Limited, http.client.HTTPSConnection):
    """The same over TLS."""


class _HttpHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Limited, req)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_LimitedTls, req)


def limited_opener() -> urllib.request.OpenerDirector:
    """Opens addresses as `urlopen` does; `timeout` is for connecting, and for all that follows."""
    return urllib.request.build_opener(_HttpHandler, _HttpsHandler)


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # most often it is closed by now
        connection.shutdown(socket.SHUT_RDWR)
