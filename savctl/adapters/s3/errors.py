"""boto3's failures in an operator's words; no text here knows a secret or a signed address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from savctl.errors import ConfigurationError, SavError
from savctl.network_errors import causes_of, network_words
from savctl.ports.objects import (
    ContentChanged,
    NoSuchBucket,
    NoSuchObject,
    StoreRefused,
    StoreUnavailable,
)

_LONGEST = 300
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload", "404", "NotFound"})
_BAD_PARTS = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"})
_ELSEWHERE = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "301", "307"})
_TRY_AGAIN = frozenset({"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable"})
_REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        "InvalidAccessKeyId": "it does not know the access key; "
        "check storage_access_key, for the mirror mirror_access_key",
        "SignatureDoesNotMatch": "the secret key is not that of the access key; "
        "check storage_secret_key, for the mirror mirror_secret_key",
        "RequestTimeTooSkewed": "the clocks differ too much; set this host's by NTP",
        "ExpiredToken": "the keys have expired",
        "InvalidToken": "the session token is not that of the keys; check storage_session_token",
        "AccessDenied": "the keys may not do this",
        "403": "the keys are wrong, or may not do this",
    }
)
_BROKEN: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((ConnectTimeoutError, ReadTimeoutError), "does not answer in time"),
    ((EndpointConnectionError,), "cannot be reached"),
    ((ResponseParserError,), "does not answer as an S3 server does"),
    ((HTTPClientError, IncompleteReadError, HTTPError, OSError), "broke off the connection"),
)


_GRANT = "Check the access key and its policy: savctl config show, savctl doctor."


@contextmanager
def translating_errors(where: str) -> Iterator[None]:
    """Translate what boto3 raises inside."""
    try:
        yield
    except ClientError as problem:
        raise answered(problem, where) from problem
    except (BotoCoreError, ResponseParserError, HTTPError, OSError) as problem:
        raise _unanswered(problem, where) from problem
    except KeyError as problem:  # an answer without what S3 always sends
        raise StoreUnavailable(
            f"the bucket {where} does not answer as an S3 server does"
        ) from problem


def code_of(problem: ClientError) -> str:
    """The S3 error code; of an answer without a body, the HTTP status."""
    return str(problem.response.get("Error", {}).get("Code", ""))


def is_missing(problem: ClientError) -> bool:
    """Whether the answer is that there is no such thing."""
    return code_of(problem) in _MISSING


def may_pass(code: str) -> bool:
    """Whether the same request may work a moment later."""
    return code in _TRY_AGAIN


def answered(problem: ClientError, where: str) -> SavError:
    """An error that the server answered."""
    code, status = code_of(problem), _status(problem)
    text = str(problem.response.get("Error", {}).get("Message", "") or code)[:_LONGEST]
    if code == "NoSuchBucket":
        return NoSuchBucket(
            f"there is no bucket {where}", hint="Make it, with versioning; or check storage_url."
        )
    if is_missing(problem):
        return NoSuchObject(f"the bucket {where} has no such object: {text}")
    if code in _BAD_PARTS:
        return ContentChanged(f"the bucket {where} refuses the parts: {text}")
    if code in _ELSEWHERE:
        return ConfigurationError(f"the bucket {where} is elsewhere: {text}; check storage_region")
    if may_pass(code) or status >= 500 or status == 429:
        return StoreUnavailable(f"the bucket {where} does not work now: {code}: {text}")
    why, own = _REFUSALS.get(code), f"{code}: {text}" if text != code else code
    operation = getattr(problem, "operation_name", None)
    named = f"{own} ({operation})" if operation else own
    return StoreRefused(
        f"the bucket {where} refuses: {f'{why} ({named})' if why else named}", hint=_GRANT
    )


def _unanswered(problem: Exception, where: str) -> SavError:
    """What came back is no answer of S3."""
    if isinstance(problem, NoCredentialsError | PartialCredentialsError):
        return StoreRefused(
            f"there are no keys for the bucket {where}",
            hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or their _FILE variables.",
        )
    if isinstance(problem, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(problem):
        return ConfigurationError(f"the bucket {where}: its certificate is not trusted")
    for kinds, text in _BROKEN:
        if isinstance(problem, kinds):
            cause = next((one for one in causes_of(problem) if _is_of_network(one)), None)
            words = f" ({network_words(cause)})" if isinstance(cause, OSError) else ""
            return StoreUnavailable(
                f"the bucket {where} {text}{words}",
                hint="Is it up, and is storage_endpoint right? It is safe to try again.",
            )
    return ConfigurationError(f"the bucket {where}: {problem}"[:_LONGEST])


def _is_of_network(cause: BaseException) -> bool:
    """A failure of the operating system itself; libraries derive their own from its class."""
    return isinstance(cause, OSError) and isinstance(cause.errno, int)


def _status(problem: ClientError) -> int:
    return int(problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
