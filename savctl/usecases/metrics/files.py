"""Files: objects of the bucket, orphans, records without an object."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from savctl.domain.metrics.families import MetricSample, gauge
from savctl.persistence.metrics import figures
from savctl.usecases.metrics.figures import stored_samples
from savctl.usecases.metrics.subject import MetricSubject, Scrape

_SOURCE = "the bucket, listed by orphan-cleanup"
_OBJECTS = gauge(figures.BUCKET_OBJECTS, "Objects in the bucket.", _SOURCE)
_BYTES = gauge(figures.BUCKET_BYTES, "Bytes of the objects.", _SOURCE, unit="bytes")
_ORPHANS = gauge(figures.ORPHANS, "Objects that no record names.", _SOURCE)
_MISSING = gauge(figures.FILES_MISSING, "Records whose object is not in the bucket.", _SOURCE)
_FREE = gauge(
    "savctl_bucket_free_bytes",
    "What is free where the files are; no S3 server states it.",
    "the disk of storage_url, when that is a folder",
    unit="bytes",
)
_LISTED = (_OBJECTS, _BYTES, _ORPHANS, _MISSING)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    yield from stored_samples(scrape, figures.BUCKET_FIGURE, _LISTED)
    folder = scrape.places.folder
    if folder is not None and folder.is_dir():
        yield _FREE.sample(shutil.disk_usage(folder).free)


FILES = MetricSubject(name="files", families=(*_LISTED, _FREE), read=_read)
