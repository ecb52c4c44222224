#!/usr/bin/env python3
"""A cluster under PyPI's `kubernetes`: what that client sees of each step, as a line of JSON.

Usage: sdk.py KUBECONFIG NAMESPACE    (in an otherwise quiet namespace with a Deployment `bystander`)
Needs: requirements.txt beside this folder
"""

import json
import sys
import time

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException

import normal

KUBECONFIG, NAMESPACE = sys.argv[1:]
config.load_kube_config(config_file=KUBECONFIG)
APPS, SCALING, CORE = client.AppsV1Api(), client.AutoscalingV2Api(), client.CoreV1Api()
TO_JSON = client.ApiClient().sanitize_for_serialization
PATIENCE = 20


def deployment(name, *containers, **spec):
    labels = {"app": name}
    pod = {"containers": [{"name": one, "image": f"registry.example/{one}:1.0"} for one in containers]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {"metadata": {"name": name, "labels": labels},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template, **spec}}


def autoscaler(name, **spec):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}
    return {"metadata": {"name": name}, "spec": {"scaleTargetRef": target, "maxReplicas": 5, **spec}}


def shown(answer):
    """What is compared of an answer. Status and owners of fields are the controllers' own affair."""
    whole = TO_JSON(answer)
    if not isinstance(whole, dict):
        return whole
    if whole.get("kind") == "Status":
        return {key: whole.get(key) for key in ("status", "details")}
    if "items" in whole:
        # A real list says once what its items are.
        return {"kind": whole["kind"], "items": [{**shown(item), "kind": None, "apiVersion": None} for item in whole["items"]]}
    metadata = whole.get("metadata", {})
    kept = {key: metadata[key] for key in ("name", "labels", "annotations", "generation") if metadata.get(key)}
    return {"kind": whole.get("kind"), "apiVersion": whole.get("apiVersion"), "metadata": kept, "spec": spec(whole.get("spec"))}


def spec(whole):
    """A spec, less what only a kubelet reads of its pods: the local cluster gives that no defaults."""
    if not whole or "template" not in whole:
        return whole
    template = whole["template"]
    containers = [(one["name"], one["image"]) for one in template["spec"]["containers"]]
    return {**whole, "minReadySeconds": None, "template": {"labels": template["metadata"]["labels"], "containers": containers}}


def step(name, call, *arguments, show=shown, **named):
    """Does one thing and tells what came of it; returns the answer, or none where it was refused."""
    try:
        answer = call(*arguments, **named)
    except ApiException as error:
        status = json.loads(error.body)
        # The invalid fields must match, but not every word of the messages.
        fields = sorted({cause["field"] for cause in (status.get("details") or {}).get("causes", [])})
        refusal = {"reason": status.get("reason"), "code": status.get("code"), "fields": fields}
        normal.tell(name, {"status": error.status, **refusal}, NAMESPACE)
        return None
    normal.tell(name, show(answer), NAMESPACE)
    return answer


def until(name, read, is_so):
    """Waits until what is read is so."""
    end = time.monotonic() + PATIENCE
    while not is_so(read()):
        assert time.monotonic() < end, f"{name}: {read()}"
        time.sleep(0.05)
    normal.tell(name, True, NAMESPACE)


def creations():
    make = APPS.create_namespaced_deployment
    step("create, tried only", make, NAMESPACE, deployment("api", "api"), dry_run="All")
    step("it is not there", APPS.read_namespaced_deployment, "api", NAMESPACE)
    step("create", make, NAMESPACE, deployment("api", "api"))
    step("create again", make, NAMESPACE, deployment("api", "api"))
    step("create misnamed", make, NAMESPACE, {**deployment("api", "api"), "metadata": {"name": "Api!"}})
    step("create without a container", make, NAMESPACE, deployment("none"))
    step("create with a bad number", make, NAMESPACE, deployment("bad", "api", replicas=-1, minReadySeconds=-1))
    step("create with two containers", make, NAMESPACE, deployment("pair", "api", "proxy"))
    step("create in another namespace", make, NAMESPACE, {**deployment("x", "x"), "metadata": {"name": "x", "namespace": "other"}})
    ready(2)


def ready(wanted, name="api"):
    """Waits for an end of the rollout by a watch."""
    seen = None
    for event in watch.Watch().stream(
        APPS.list_namespaced_deployment, NAMESPACE, field_selector=f"metadata.name={name}", timeout_seconds=PATIENCE
    ):
        seen = event["object"]
        counts = (seen.status.replicas, seen.status.updated_replicas, seen.status.available_replicas)
        if counts == (wanted,) * 3 and seen.status.observed_generation == seen.metadata.generation:
            break
    counts = {key: getattr(seen.status, key) for key in ("replicas", "updated_replicas", "ready_replicas", "available_replicas")}
    normal.tell(f"{name} has {wanted}", counts, NAMESPACE)


def json_patches():
    patch = APPS.patch_namespaced_deployment
    test = lambda path, value: {"op": "test", "path": path, "value": value}
    three = {"op": "replace", "path": "/spec/replicas", "value": 3}
    uid = APPS.read_namespaced_deployment("api", NAMESPACE).metadata.uid
    step("patch with a test that fails", patch, "api", NAMESPACE, [test("/spec/replicas", 9), three])
    step("patch with the uid of another", patch, "api", NAMESPACE, [test("/metadata/uid", "other"), three])
    step("patch with null for what is absent", patch, "api", NAMESPACE, [test("/spec/paused", None)])
    step("patch with null for what is there", patch, "api", NAMESPACE, [test("/spec/replicas", None)])
    step("patch with null below what is absent", patch, "api", NAMESPACE, [test("/metadata/annotations/a/b", None)])
    step("replace what is absent", patch, "api", NAMESPACE, [{"op": "replace", "path": "/spec/paused", "value": True}], dry_run="All")
    step("replace below what is absent", patch, "api", NAMESPACE, [{"op": "replace", "path": "/spec/a/b", "value": 1}])
    step("remove what is absent", patch, "api", NAMESPACE, [{"op": "remove", "path": "/spec/paused"}])
    step("patch what is missing", patch, "gone", NAMESPACE, [three])
    step("patch, tried only", patch, "api", NAMESPACE, [test("/metadata/uid", uid), three], dry_run="All")
    step("nothing was stored", APPS.read_namespaced_deployment, "api", NAMESPACE)
    step("patch", patch, "api", NAMESPACE, [test("/metadata/uid", uid), test("/spec/replicas", 2), three])
    ready(3)


def merge_patches():
    patch, replace = APPS.patch_namespaced_deployment, APPS.replace_namespaced_deployment
    image = lambda image, name="api": {"spec": {"template": {"spec": {"containers": [{"name": name, "image": image}]}}}}
    stale = APPS.read_namespaced_deployment("api", NAMESPACE)
    step("label", patch, "api", NAMESPACE, {"metadata": {"labels": {"tier": "back"}}})
    step("patch an old version", patch, "api", NAMESPACE, {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 1}})
    step("patch the name", patch, "api", NAMESPACE, {"metadata": {"name": "other"}})
    step("replace an old version", replace, "api", NAMESPACE, {**TO_JSON(stale), "spec": {**TO_JSON(stale)["spec"], "replicas": 7}})
    fresh = TO_JSON(APPS.read_namespaced_deployment("api", NAMESPACE))
    other = {**fresh, "metadata": {**fresh["metadata"], "uid": "other"}}
    step("replace what has another uid", replace, "api", NAMESPACE, other)
    step("replace", replace, "api", NAMESPACE, {**fresh, "spec": {**fresh["spec"], "minReadySeconds": 0, "paused": False}})
    step("negative replicas", patch, "api", NAMESPACE, {"spec": {"replicas": -1}})
    step("no image", patch, "api", NAMESPACE, image(""))
    step("another selector", patch, "api", NAMESPACE, {"spec": {"selector": {"matchLabels": {"app": "b"}}}})
    step("an image, tried only", patch, "api", NAMESPACE, image("registry.example/api:2.0"), dry_run="All")
    step("an image", patch, "api", NAMESPACE, image("registry.example/api:2.0"))
    ready(3)


def scales():
    read, patch = APPS.read_namespaced_deployment_scale, APPS.patch_namespaced_deployment_scale
    replace = APPS.replace_namespaced_deployment_scale
    scale = step("the scale", read, "api", NAMESPACE)
    step("scale by a JSON patch", patch, "api", NAMESPACE, [
        {"op": "test", "path": "/spec/replicas", "value": 3}, {"op": "replace", "path": "/spec/replicas", "value": 2}])
    step("scale by a test that fails", patch, "api", NAMESPACE, [{"op": "test", "path": "/spec/replicas", "value": 9}])
    step("scale by a merge patch, tried only", patch, "api", NAMESPACE, {"spec": {"replicas": 8}}, dry_run="All")
    step("scale below nothing", patch, "api", NAMESPACE, {"spec": {"replicas": -1}})
    step("replace an old scale", replace, "api", NAMESPACE, TO_JSON(scale))
    step("replace the scale", replace, "api", NAMESPACE, {"metadata": {"name": "api", "namespace": NAMESPACE}, "spec": {"replicas": 1}})
    step("scale what is missing", patch, "gone", NAMESPACE, {"spec": {"replicas": 1}})
    ready(1)


def autoscalers():
    make, patch = SCALING.create_namespaced_horizontal_pod_autoscaler, SCALING.patch_namespaced_horizontal_pod_autoscaler
    read, delete = SCALING.read_namespaced_horizontal_pod_autoscaler, SCALING.delete_namespaced_horizontal_pod_autoscaler
    step("an autoscaler, tried only", make, NAMESPACE, autoscaler("api"), dry_run="All")
    step("it is not there", read, "api", NAMESPACE)
    step("an autoscaler", make, NAMESPACE, autoscaler("api"))
    step("the same again", make, NAMESPACE, autoscaler("api"))
    step("one with no room", make, NAMESPACE, autoscaler("bad", minReplicas=6))
    step("one misnamed", make, NAMESPACE, autoscaler("Bad!"))
    step("patch it by JSON", patch, "api", NAMESPACE, [
        {"op": "test", "path": "/spec/maxReplicas", "value": 5}, {"op": "replace", "path": "/spec/maxReplicas", "value": 6}])
    step("patch it with a test that fails", patch, "api", NAMESPACE, [{"op": "test", "path": "/spec/maxReplicas", "value": 5}])
    step("patch an old version of it", patch, "api", NAMESPACE, {"metadata": {"resourceVersion": "1"}})
    step("patch it, tried only", patch, "api", NAMESPACE, {"spec": {"minReplicas": 3}}, dry_run="All")
    step("patch one that is missing", patch, "gone", NAMESPACE, {"spec": {"minReplicas": 3}})
    step("patch it", patch, "api", NAMESPACE, {"spec": {"minReplicas": 3}})
    ready(3)
    until("it has seen them", lambda: read("api", NAMESPACE).status.current_replicas, lambda count: count == 3)
    step("all of them", SCALING.list_namespaced_horizontal_pod_autoscaler, NAMESPACE)
    step("delete the one with another uid", delete, "api", NAMESPACE, body={"preconditions": {"uid": "other"}})
    step("delete it, tried only", delete, "api", NAMESPACE, dry_run="All")
    step("delete it", delete, "api", NAMESPACE)
    step("delete it again", delete, "api", NAMESPACE)


def reviews():
    review = client.AuthorizationV1Api().create_self_subject_access_review
    for verb, group, resource, subresource in [
        ("get", "", "pods", "log"), ("create", "apps", "deployments", ""), ("patch", "apps", "deployments", "scale"),
        ("delete", "autoscaling", "horizontalpodautoscalers", ""), ("list", "apps", "statefulsets", ""),
    ]:
        asked = {"verb": verb, "group": group, "resource": resource, "subresource": subresource, "namespace": NAMESPACE}
        step(f"may {verb} {resource} {subresource}", review, {"spec": {"resourceAttributes": asked}},
             show=lambda answer: answer.status.allowed)


def lists():
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
    bare = client.CustomObjectsApi(client.ApiClient(header_name="Accept", header_value=accept))
    metadata = bare.list_namespaced_custom_object
    names = lambda answer: {"kind": answer["kind"], "apiVersion": answer["apiVersion"], "items": [
        (item["kind"], item["apiVersion"], item["metadata"]["name"], sorted(item)) for item in answer["items"] or []]}
    step("metadata of Deployments", metadata, "apps", "v1", NAMESPACE, "deployments", show=names)
    step("metadata of StatefulSets", metadata, "apps", "v1", NAMESPACE, "statefulsets", show=names)
    step("metadata of DaemonSets", metadata, "apps", "v1", NAMESPACE, "daemonsets", show=names)
    named = lambda answer: [item.metadata.name for item in answer.items]
    step("by label", APPS.list_namespaced_deployment, NAMESPACE, label_selector="app=api,!x", show=named)
    step("by name", APPS.list_namespaced_deployment, NAMESPACE, field_selector="metadata.name=api", show=named)
    step("pods by phase", CORE.list_namespaced_pod, NAMESPACE, field_selector="status.phase=Failed", show=named)
    step("something else", metadata, "apps", "v1", NAMESPACE, "nonsense", show=names)


def logs():
    """Logs themselves are a kubelet's, and the stand-in for it has none: only what the API server refuses is compared."""
    read = CORE.read_namespaced_pod_log
    pods = lambda name: CORE.list_namespaced_pod(NAMESPACE, label_selector=f"app={name}").items
    one, pair = pods("api")[0].metadata.name, pods("pair")[0].metadata.name
    step("the log of an unknown container", read, one, NAMESPACE, container="nobody")
    step("the log of an unknown pod", read, "gone", NAMESPACE)
    step("the log of one of two containers", read, pair, NAMESPACE)


def endings():
    delete, read = APPS.delete_namespaced_deployment, APPS.read_namespaced_deployment
    listed = APPS.list_namespaced_deployment(NAMESPACE)
    kept = read("api", NAMESPACE)
    step("delete the one with another uid", delete, "api", NAMESPACE, body={"preconditions": {"uid": "other"}})
    step("delete an old version", delete, "api", NAMESPACE, body={"preconditions": {"resourceVersion": "1"}})
    step("delete, tried only", delete, "api", NAMESPACE, dry_run="All")
    step("it is still there", read, "api", NAMESPACE, show=lambda answer: answer.metadata.name)
    fits = {"uid": kept.metadata.uid, "resourceVersion": read("api", NAMESPACE).metadata.resource_version}
    step("delete", delete, "api", NAMESPACE, body={"preconditions": fits, "propagationPolicy": "Background"})
    step("delete again", delete, "api", NAMESPACE)
    told = [event["type"] for event in watch.Watch().stream(
        APPS.list_namespaced_deployment, NAMESPACE, resource_version=listed.metadata.resource_version,
        field_selector="metadata.name=api", timeout_seconds=2)]
    normal.tell("the watch told", told, NAMESPACE)
    left = lambda: len(CORE.list_namespaced_pod(NAMESPACE, label_selector="app=api").items) + len(
        APPS.list_namespaced_replica_set(NAMESPACE, label_selector="app=api").items)
    until("nothing of it is left", left, lambda count: count == 0)
    again = TO_JSON(kept)
    manifest = {"metadata": {key: again["metadata"][key] for key in ("name", "labels")}, "spec": again["spec"]}
    step("create it from its manifest", APPS.create_namespaced_deployment, NAMESPACE, manifest)
    ready(3)


def main():
    for part in (creations, json_patches, merge_patches, scales, autoscalers, reviews, lists, logs, endings):
        part()


if __name__ == "__main__":
    main()
