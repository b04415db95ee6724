"""The documented PHP reads what savctl encrypted (docs/security.md)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.model.metadata import Metadata

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
_VALUES: tuple[object, ...] = (
    "Ada",
    "",
    "é €",
    0,
    1.5,
    True,
    {"name": "Ada", "phones": ["+33", None]},
    [[]],
)


def documented() -> str:
    """The PHP of the page."""
    found = re.search(r"```php\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    assert found is not None, "docs/security.md has the example"
    return found[1]


def php(script: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("php")
    if program is None:
        pytest.skip("no PHP on this machine: apt-get install php-cli")
    path = folder / "read.php"
    path.write_text(script)
    return subprocess.run(
        [program, path, *words], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("value", _VALUES, ids=repr)
def test_a_value_is_read_by_php(
    value: object, codec: MetadataCodec, keys_file: Path, tmp_path: Path
) -> None:
    stored = codec.encrypted(7, Metadata.read(json.dumps({"contact": value})))["contact"]
    asks = (
        "$read = savctl_decrypt($argv[1], savctl_keys($argv[2]), (int) $argv[3], 'contact');\n"
        "echo json_encode($read, JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION);\n"
    )

    done = php(documented() + asks, tmp_path, str(stored), str(keys_file), "7")
    moved = php(documented() + asks, tmp_path, str(stored), str(keys_file), "8")

    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads(done.stdout) == value
    assert moved.returncode != 0, "a value of another ticket does not open"
