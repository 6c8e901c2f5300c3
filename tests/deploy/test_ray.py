"""What deploy/ray and the RayService name exists: the application, its options, settings, ports."""

from importlib import import_module
from typing import Any

import kubernetes_validate
import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from service.cluster import app
from service.cluster.application import NAME
from service.cluster.proxy import ENVIRONMENT, MIDDLEWARES
from service.serving.settings import Settings
from tests.support.server import ROOT

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "ray" / "serve.yaml").read_text())
MANIFEST = ROOT / "deploy" / "kubernetes" / "overlays" / "ray" / "rayservice.yaml"
SPEC: dict[str, Any] = yaml.safe_load(MANIFEST.read_text())["spec"]
IN_CLUSTER: dict[str, Any] = yaml.safe_load(SPEC["serveConfigV2"])
GROUPS = [SPEC["rayClusterConfig"]["headGroupSpec"], *SPEC["rayClusterConfig"]["workerGroupSpecs"]]


def containers() -> list[dict[str, Any]]:
    return [container for group in GROUPS for container in group["template"]["spec"]["containers"]]


@pytest.mark.parametrize("config", [CONFIG, IN_CLUSTER], ids=["serve.yaml", "RayService"])
def test_the_config_file_is_what_ray_reads_and_names_the_application(config: dict[str, Any]) -> None:
    (application,) = ServeDeploySchema.model_validate(config).applications
    module, _, name = application.import_path.partition(":")
    assert getattr(import_module(module), name) is app
    assert [deployment.name for deployment in application.deployments] == [NAME]


def test_both_config_files_are_the_same_but_for_the_host() -> None:
    http = CONFIG["http_options"] | {"host": "0.0.0.0"}
    assert CONFIG | {"http_options": http} == IN_CLUSTER


def test_every_pod_is_what_kubernetes_knows() -> None:
    for group in GROUPS:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ray"}, "spec": group["template"]["spec"]}
        kubernetes_validate.validate(pod, "1.35", strict=True)


def test_every_node_sends_requests_again_and_every_other_variable_is_a_setting() -> None:
    for container in containers():
        variables = {variable["name"]: variable["value"] for variable in container["env"]}
        assert ENVIRONMENT.items() <= variables.items()
        assert set(variables) - set(ENVIRONMENT) <= {f"SEGMENT_{name.upper()}" for name in Settings.model_fields}
    module, _, name = MIDDLEWARES.rpartition(".")
    assert callable(getattr(import_module(module), name))


def test_every_port_is_that_of_the_proxies() -> None:
    ports = {port["containerPort"] for container in containers() for port in container["ports"]}
    assert ports == {IN_CLUSTER["http_options"]["port"]}


def test_a_replica_fits_onto_a_worker_and_none_onto_the_head() -> None:
    head, *workers = GROUPS
    (deployment,) = IN_CLUSTER["applications"][0]["deployments"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    for group in workers:
        (container,) = group["template"]["spec"]["containers"]
        assert container["resources"]["limits"] == container["resources"]["requests"]
        assert int(container["resources"]["limits"]["cpu"]) >= deployment["ray_actor_options"]["num_cpus"]
