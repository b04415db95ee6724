"""Kubernetes, compose and the image: every file fits its schema and keeps its promises."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.servers import find
from tests.servers.install.manifest_tools_install import REQUIREMENTS
from tests.servers.install.venv_install import is_installed

PROJECT = Path(__file__).resolve().parents[2]
KUBERNETES = PROJECT / "deploy" / "kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
OLDEST, NEWEST = "1.28", "1.37"
BIN = find.MANIFEST_TOOLS_HOME / "bin"
pytestmark = pytest.mark.only_on("sqlite")

_AS_JSON = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))"
_FITS = """
import json, sys, kubernetes_validate
for document in json.load(sys.stdin):
    for version in sys.argv[1:]:
        kubernetes_validate.validate(document, version, strict=True)
"""
_COMPOSE = "import sys, compose_spec; compose_spec.PyCompose.from_json(sys.stdin.read())"


def tool(*words: str, given: str) -> subprocess.CompletedProcess[str]:
    """A checker of the environment that `make test-servers` installs."""
    if not is_installed(find.MANIFEST_TOOLS_HOME, REQUIREMENTS):
        reason = "the checkers of manifests are not installed: make test-servers"
        pytest.fail(reason) if find.required() else pytest.skip(reason)
    return subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def parsed(text: str) -> list[dict[str, Any]]:
    done = tool("python", "-c", _AS_JSON, given=text)
    assert done.returncode == 0, done.stderr
    documents: list[dict[str, Any]] = json.loads(done.stdout)
    return documents


@cache
def built(overlay: str) -> tuple[dict[str, Any], ...]:
    """What `kubectl kustomize` makes of an overlay."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(
        [kubectl, "kustomize", str(KUBERNETES / "overlays" / overlay)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(parsed(done.stdout))


def pods(overlay: str) -> list[tuple[str, dict[str, Any]]]:
    """Each workload's name, and the specification of its pods."""
    found = []
    for document in built(overlay):
        inner = document.get("spec", {})
        inner = inner.get("jobTemplate", {}).get("spec", inner)
        if "template" in inner:
            found.append((document["metadata"]["name"], inner["template"]["spec"]))
    return found


def named(overlay: str, kind: str) -> dict[str, Any]:
    (found,) = [document for document in built(overlay) if document["kind"] == kind]
    return found


def test_a_kustomization_lists_every_file_beside_it() -> None:
    for page in KUBERNETES.rglob("kustomization.yaml"):
        listed = set(re.findall(r"^  - (\S+\.yaml)$", page.read_text(encoding="utf-8"), re.M))
        assert listed == {p.name for p in page.parent.glob("*.yaml")} - {page.name}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_fits_the_schemas_of_old_and_new_clusters(overlay: str) -> None:
    done = tool("python", "-c", _FITS, OLDEST, NEWEST, given=json.dumps(built(overlay)))

    assert (done.returncode, done.stderr) == (0, "")


def test_an_object_with_a_wrong_field_does_not_fit() -> None:
    job = json.loads(json.dumps(named("schedulers", "Job")))
    job["spec"]["template"]["spec"]["containers"][0]["imagee"] = "savctl"

    done = tool("python", "-c", _FITS, NEWEST, given=json.dumps([job]))

    assert done.returncode != 0
    assert "imagee" in done.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_is_root_or_writes_outside_its_two_folders(overlay: str) -> None:
    for name, pod in pods(overlay):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        writable = {m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")}
        assert writable == {"/tmp", "/var/lib/savctl"}  # noqa: S108 - of the container
        assert set(container["resources"]) == {"requests", "limits"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_is_written_down_and_every_file_of_one_is_mounted(overlay: str) -> None:
    config = named(overlay, "ConfigMap")["data"]
    files = {Path(value).name for name, value in config.items() if name.endswith("_FILE")}

    assert [d["kind"] for d in built(overlay) if d["kind"] == "Secret"] == []
    plain = re.compile(r"(PASSWORD|SECRET|TOKEN)\w*(?<!_FILE)$")
    assert [name for name in config if plain.search(name)] == []
    for _, pod in pods(overlay):
        (secret,) = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        assert {item["path"] for item in secret["items"]} == files


def test_two_schedulers_are_kept_up_and_asked_for_health() -> None:
    deployment = named("schedulers", "Deployment")["spec"]
    (container,) = deployment["template"]["spec"]["containers"]
    labels = deployment["template"]["metadata"]["labels"].items()
    budget = named("schedulers", "PodDisruptionBudget")["spec"]

    assert deployment["replicas"] == 2
    assert budget["minAvailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= labels
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "metrics"}
    assert container["ports"] == [{"name": "metrics", "containerPort": 9464}]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_network_policy_covers_every_pod_and_lets_in_monitoring_only(overlay: str) -> None:
    policy = named(overlay, "NetworkPolicy")["spec"]

    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [rule["ports"] for rule in policy["ingress"]] == [
        [{"protocol": "TCP", "port": "metrics"}]
    ]
    for document in built(overlay):
        inner = document.get("spec", {})
        inner = inner.get("jobTemplate", {}).get("spec", inner)
        if "template" in inner:
            labels = inner["template"]["metadata"]["labels"]
            assert policy["podSelector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_a_pod_runs_is_a_command(cli: Cli, overlay: str) -> None:
    for name, pod in pods(overlay):
        args = pod["containers"][0]["args"]
        asked = cli(*args, "--help")
        assert asked.code == 0, f"{name}: {asked.err}"


@cache
def compose() -> dict[str, Any]:
    (file,) = parsed((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
    return file


def test_the_compose_file_fits_its_specification() -> None:
    good = tool("python", "-c", _COMPOSE, given=json.dumps(compose()))
    wrong = tool(
        *("python", "-c", _COMPOSE), given=json.dumps(compose()).replace("healthcheck", "health")
    )

    assert (good.returncode, good.stderr) == (0, "")
    assert wrong.returncode != 0


def test_compose_has_two_schedulers_and_its_extras_by_profile() -> None:
    services = compose()["services"]
    profiles = {name: service.get("profiles", []) for name, service in services.items()}

    assert services["savctl"]["deploy"]["replicas"] == 2
    assert {name: of for name, of in profiles.items() if of} == {
        "minio": ["minio"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }


def test_compose_knows_no_password_and_every_server_is_asked_for_health() -> None:
    file = compose()
    plain = re.findall(r"\w*(?:PASSWORD|SECRET_\w*KEY|_PASS)\b(?!_FILE)\S*", json.dumps(file))

    for name, service in file["services"].items():
        assert set(service.get("secrets", [])) <= set(file["secrets"])
        if "build" not in service:
            assert "test" in service["healthcheck"], name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
    assert [word for word in plain if re.search(r'": "', word)] == []


def test_savctl_in_compose_has_a_root_that_is_read_only() -> None:
    for name, service in compose()["services"].items():
        if "build" in service:
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name


def test_the_image_s_file_passes_hadolint() -> None:
    done = tool("hadolint", "-", given=(PROJECT / "Dockerfile").read_text(encoding="utf-8"))

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_image_has_two_stages_a_user_labels_and_no_pip() -> None:
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    last = text[text.rindex("\nFROM ") :]

    assert text.count("\nFROM ") >= 2
    assert "\nUSER 10001:10001\n" in last
    assert "pip uninstall" in last
    assert "mariadb-client" in last
    assert "/usr/bin/mysqldump /usr/bin/mysqlbinlog" in last
    assert set(re.findall(r"image\.(\w+)=", last)) == {
        *("title", "description", "licenses", "version", "revision")
    }
