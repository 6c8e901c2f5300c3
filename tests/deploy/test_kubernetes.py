"""The manifests of deploy/kubernetes are valid, and name settings, ports, paths and metrics that the service has."""

import re
import stat
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import PurePath
from typing import Any

import httpx2
import kubernetes_validate
import pytest
import yaml

from service import __version__
from service.serving.settings import Settings
from tests.support.debian import need
from tests.support.server import ROOT, serving

FOLDER = ROOT / "deploy" / "kubernetes"
VERSION = "1.35"
OVERLAYS = ["base", "overlays/metrics", "overlays/models-image", "overlays/kserve", "overlays/ray"]
OF_OPERATORS = {"ServiceMonitor", "ServingRuntime", "InferenceService", "RayService"}
"""Kinds whose schemas are not Kubernetes' own."""
PREFIX = "SEGMENT_"


@cache
def built(overlay: str) -> list[dict[str, Any]]:
    """The objects of an overlay, as kubectl would apply them."""
    command = [need("kubectl", "kubernetes-client"), "kustomize", str(FOLDER / overlay)]
    return list(yaml.safe_load_all(subprocess.check_output(command, text=True)))


def of_kind(overlay: str, kind: str) -> dict[str, Any]:
    (found,) = (one for one in built(overlay) if one["kind"] == kind)
    return found


def pod(one: dict[str, Any]) -> dict[str, Any]:
    """The pod that an object makes; empty if it makes none."""
    spec: dict[str, Any] = one["spec"].get("template", {}).get("spec", {})
    return one["spec"] if one["kind"] == "ServingRuntime" else spec


def pods() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every pod with each of its containers."""
    for overlay in OVERLAYS:
        for one in built(overlay):
            for container in pod(one).get("containers", []):
                yield pod(one), container


def containers() -> Iterator[dict[str, Any]]:
    return (container for _, container in pods())


def unknown_settings(known: set[str]) -> set[str]:
    """The variables of the manifests that no setting reads."""
    names = {variable["name"] for container in containers() for variable in container["env"]}
    return names - {PREFIX + name.upper() for name in known}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_objects_are_what_kubernetes_knows(overlay: str) -> None:
    for one in built(overlay):
        if one["kind"] not in OF_OPERATORS:
            kubernetes_validate.validate(one, VERSION, strict=True)


def test_a_misspelt_field_would_be_noticed() -> None:
    deployment = of_kind("base", "Deployment") | {"specs": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSION, strict=True)


def test_every_variable_is_a_setting() -> None:
    assert unknown_settings(set(Settings.model_fields)) == set()
    assert pod(of_kind("base", "Deployment"))["enableServiceLinks"] is False  # they are variables too
    assert unknown_settings(set(Settings.model_fields) - {"keys", "hosts"}) == {"SEGMENT_KEYS", "SEGMENT_HOSTS"}


def test_every_port_is_the_images_own() -> None:
    (port,) = re.findall(r"SEGMENT_PORT=(\d+)", (ROOT / "docker" / "Dockerfile").read_text())
    ports = {one["containerPort"] for container in containers() for one in container["ports"]}
    assert ports == {int(port)}
    names = {
        one.get("name") for one in of_kind("base", "Deployment")["spec"]["template"]["spec"]["containers"][0]["ports"]
    }
    assert {of_kind("base", "Service")["spec"]["ports"][0]["targetPort"]} == names
    for container in containers():
        for probe in probes(container):
            assert probe["port"] in names | ports


def test_every_name_of_a_port_is_one_of_the_next_object() -> None:
    containers_own = {port["name"] for port in pod(of_kind("base", "Deployment"))["containers"][0]["ports"]}
    services = {port["name"] for port in of_kind("base", "Service")["spec"]["ports"]}
    (rule,) = of_kind("base", "NetworkPolicy")["spec"]["ingress"]
    assert {port["port"] for port in rule["ports"]} == containers_own
    assert {end["port"] for end in of_kind("overlays/metrics", "ServiceMonitor")["spec"]["endpoints"]} == services


def test_nobody_but_the_operator_may_ask_rays_dashboard() -> None:
    """Whoever reaches it runs code of their own."""
    policy, cluster = (of_kind("overlays/ray", kind)["spec"] for kind in ("NetworkPolicy", "RayService"))
    groups = [cluster["rayClusterConfig"]["headGroupSpec"], *cluster["rayClusterConfig"]["workerGroupSpecs"]]
    nodes = policy["podSelector"]
    assert [group["template"]["metadata"]["labels"] for group in groups] == [nodes["matchLabels"]] * 2
    each_other, askers, operator = policy["ingress"]
    assert each_other == {"from": [{"podSelector": nodes}]}
    assert askers["ports"] == [{"port": "serve"}]
    assert operator["from"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "kuberay-operator"}


def test_every_container_is_this_version_of_the_image() -> None:
    assert {container["image"] for container in containers()} == {f"fcn-serve:{__version__}"}


def test_files_are_where_a_volume_has_them() -> None:
    """KServe mounts a model by itself, into the container of its name."""
    for container in containers():
        places = {mount["mountPath"] for mount in container.get("volumeMounts", [])}
        places |= {"/mnt"} if container["name"] == "kserve-container" else set()
        files = {
            PurePath(one["value"]) for one in container["env"] if one["name"] in {"SEGMENT_KEYS", "SEGMENT_MODELS"}
        }
        assert {str(file.parent) for file in files} == places


def test_secrets_are_those_that_the_operator_is_told_to_create() -> None:
    """And the image's user may read the keys."""
    told = {
        match
        for file in FOLDER.rglob("kustomization.yaml")
        for match in re.findall(r"create secret generic (\S+) --from-[a-z]+=(\w+)", file.read_text())
    }
    spec = pod(of_kind("base", "Deployment"))
    (volume,), (container,) = spec["volumes"], spec["containers"]
    (keys,) = (variable["value"] for variable in container["env"] if variable["name"] == "SEGMENT_KEYS")
    (end,) = of_kind("overlays/metrics", "ServiceMonitor")["spec"]["endpoints"]
    shown = end["authorization"]["credentials"]
    assert told == {(volume["secret"]["secretName"], PurePath(keys).name), (shown["name"], shown["key"])}
    assert volume["secret"]["defaultMode"] & stat.S_IRGRP
    assert spec["securityContext"]["fsGroup"] == spec["securityContext"]["runAsGroup"]


def test_the_autoscaler_scales_the_deployment() -> None:
    scaler, deployment = (of_kind("overlays/metrics", kind) for kind in ("HorizontalPodAutoscaler", "Deployment"))
    target = scaler["spec"]["scaleTargetRef"]
    assert target == {key: deployment[key] for key in ("apiVersion", "kind")} | {"name": deployment["metadata"]["name"]}
    assert 1 < scaler["spec"]["minReplicas"] < scaler["spec"]["maxReplicas"]
    assert "replicas" not in deployment["spec"]


def probes(container: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (one["httpGet"] for name, one in container.items() if name.endswith("Probe"))


def test_every_path_is_a_route_and_the_autoscaler_follows_a_metric(url: str) -> None:
    paths = {probe["path"] for container in containers() for probe in probes(container)}
    assert len(paths) == 4
    for path in paths | {of_kind("overlays/metrics", "ServiceMonitor")["spec"]["endpoints"][0]["path"]}:
        assert httpx2.get(url + path).status_code == 200, path
    (metric,) = of_kind("overlays/metrics", "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert f"\n{metric['pods']['metric']['name']} " in httpx2.get(f"{url}/metrics").text


def test_a_pod_that_stops_has_time_for_its_images() -> None:
    spec = pod(of_kind("base", "Deployment"))
    before = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace: int = Settings.model_fields["grace_s"].default
    assert spec["terminationGracePeriodSeconds"] >= before + grace + 5


def test_a_container_has_no_more_rights_and_no_less_memory_than_under_compose() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["segment"]
    assert compose["security_opt"] == ["no-new-privileges:true"]
    for spec, container in pods():
        security, resources = spec.get("securityContext", {}) | container["securityContext"], container["resources"]
        assert security["readOnlyRootFilesystem"] == compose["read_only"]
        assert security["capabilities"] == {"drop": compose["cap_drop"]}
        assert security["allowPrivilegeEscalation"] is False
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert resources["limits"] == resources["requests"]
        assert resources["limits"]["memory"].removesuffix("i").lower() == compose["mem_limit"]
    user = re.findall(r"^USER (\d+):\d+$", (ROOT / "docker" / "Dockerfile").read_text(), re.MULTILINE)
    assert [str(pod(of_kind("base", "Deployment"))["securityContext"]["runAsUser"])] == user


def test_every_selector_finds_the_pods() -> None:
    labels = of_kind("base", "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert of_kind("base", "Service")["spec"]["selector"] == labels
    assert of_kind("base", "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert of_kind("base", "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    assert of_kind("overlays/metrics", "ServiceMonitor")["spec"]["selector"]["matchLabels"] == labels
    for spread in pod(of_kind("base", "Deployment"))["topologySpreadConstraints"]:
        assert spread["labelSelector"]["matchLabels"] == labels


def test_kserve_asks_for_what_the_runtime_serves() -> None:
    runtime, model = of_kind("overlays/kserve", "ServingRuntime"), of_kind("overlays/kserve", "InferenceService")
    asked = model["spec"]["predictor"]["model"]
    assert asked["runtime"] == runtime["metadata"]["name"]
    assert asked["modelFormat"].items() <= runtime["spec"]["supportedModelFormats"][0].items()
    assert asked["protocolVersion"] in runtime["spec"]["protocolVersions"]


def test_the_service_starts_as_the_manifests_set_it_up(model_file: Any, tmp_path: Any) -> None:
    """With the places of files changed to those of this machine."""
    (tmp_path / "keys").write_text("segment a-segment-key-0123456789\n")
    here = {"keys": tmp_path / "keys", "models": model_file}
    for one in (of_kind("overlays/models-image", "Deployment"), of_kind("overlays/kserve", "ServingRuntime")):
        values = {
            variable["name"].removeprefix(PREFIX).lower(): variable["value"]
            for variable in pod(one)["containers"][0]["env"]
        }
        values |= {name: here[name] for name in values.keys() & here.keys()}
        with serving(**{"host": "0.0.0.0", **values}) as url:
            ready = httpx2.get(f"{url}/health/ready", headers={"Host": "10.0.0.7:8000"})
        assert ready.status_code == 200, ready.text
