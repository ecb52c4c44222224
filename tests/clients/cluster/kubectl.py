#!/usr/bin/env python3
"""A cluster under `kubectl`: what it prints for each step, as a line of JSON.

Usage: kubectl.py KUBECTL KUBECONFIG NAMESPACE    (in an otherwise quiet namespace with a Deployment `bystander`)
"""

import os
import shlex
import subprocess
import sys

import normal

PROGRAM, KUBECONFIG, NAMESPACE = sys.argv[1:]

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:1.0"}]}
"""
SCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {minReplicas: 2, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
"""
MANIFESTS = {"web": WEB, "web2": WEB.replace("replicas: 2", "replicas: 3").replace("web:1.0", "web:1.1"), "hpa": SCALER}

ROLLOUT = [
    "create -f - --dry-run=server <web",
    "get deployment web",
    "create -f - <web",
    "create -f - <web",
    "rollout status deployment/web",
    "get deployment web -o jsonpath={.spec.replicas}{.spec.template.spec.containers[*].image}{.spec.strategy}",
    "scale deployment/web --replicas=3",
    "scale deployment/web --replicas=4 --current-replicas=7",
    "scale deployment/web --replicas=9 --dry-run=server",
    "scale deployment/web --replicas=3 --current-replicas=3",
    "rollout status deployment/web",
    "describe deployment web",
    "get events --field-selector=involvedObject.kind=Deployment,involvedObject.name=web",
    "set image deployment/web web=registry.example/web:2.0",
    "rollout status deployment/web",
    "set image deployment/web nobody=registry.example/web:2.0",
    "annotate deployment/web kubernetes.io/change-cause=because",
    "rollout history deployment/web",
    "rollout history deployment/web --revision=1",
    "rollout undo deployment/web",
    "rollout status deployment/web",
    "rollout undo deployment/web --to-revision=9",
    "rollout history deployment/web",
    "rollout pause deployment/web",
    "rollout pause deployment/web",
    "rollout undo deployment/web",
    "rollout restart deployment/web",
    "rollout resume deployment/web",
    "rollout resume deployment/web",
    "rollout restart deployment/web",
    "rollout status deployment/web",
    "get deployment,replicaset,pod",
    "get deployment web --show-labels",
    # An image that no registry has: the new pod waits, the old ones stay.
    "set image deployment/web web=registry.example/web:missing",
    "wait --for=jsonpath={.status.unavailableReplicas}=1 deployment/web --timeout=60s",
    "get deployment web",
    "rollout undo deployment/web",
    "rollout status deployment/web",
]

AUTOSCALER = [
    "create -f - <hpa",
    "create -f - <hpa",
    "wait --for=jsonpath={.status.currentReplicas}=3 hpa/web --timeout=60s",
    "get hpa web -o jsonpath={.spec}",
    """patch hpa web --patch='{"spec":{"maxReplicas":6}}'""",
    """patch hpa web --type=json --patch='[{"op":"test","path":"/spec/maxReplicas","value":5},{"op":"replace","path":"/spec/maxReplicas","value":7}]'""",
    """patch hpa web --type=merge --patch='{"spec":{"maxReplicas":1}}'""",
    """patch hpa web --type=merge --patch='{"spec":{"minReplicas":4}}' --dry-run=server""",
    "get hpa web -o jsonpath={.spec}",
    # It takes effect: the Deployment is scaled to the new minimum.
    """patch hpa web --type=merge --patch='{"spec":{"minReplicas":4}}'""",
    "wait --for=jsonpath={.spec.replicas}=4 deployment/web --timeout=60s",
    "rollout status deployment/web",
    "delete hpa web --dry-run=server",
    "delete hpa web",
    "delete hpa web",
    "get hpa,pdb",
]

REFUSED = [
    """patch deployment web --type=json --patch='[{"op":"test","path":"/spec/replicas","value":9},{"op":"replace","path":"/spec/replicas","value":7}]'""",
    """patch deployment web --type=json --patch='[{"op":"test","path":"/metadata/annotations/nothing","value":null},{"op":"test","path":"/spec/paused","value":null}]'""",
    """patch deployment web --type=json --patch='[{"op":"test","path":"/metadata/nothing/inside","value":null}]'""",
    """patch deployment web --type=json --patch='[{"op":"remove","path":"/metadata/nothing"}]'""",
    """patch deployment web --patch='{"metadata":{"resourceVersion":"1"},"spec":{"replicas":3}}'""",
    """patch deployment gone --patch='{"spec":{"replicas":3}}'""",
    """patch deployment web --patch='{"spec":{"replicas":-1}}'""",
    """patch deployment web --patch='{"spec":{"template":{"spec":{"containers":[{"name":"web","image":""}]}}}}'""",
    """patch deployment web --type=merge --patch='{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'""",
    "get deployment web -o jsonpath={.spec.replicas}",
    "get nonsense",
]

ENDING = [
    # Logs come from a kubelet, and its test double has none: only the API server's error is compared.
    "logs web-none",
    "patch deployment web --subresource=scale --type=merge --patch='{\"spec\":{\"replicas\":1}}'",
    "rollout status deployment/web",
    "delete deployment web --dry-run=server",
    "get deployment web",
    "delete deployment web",
    "wait --for=delete replicaset,pod --selector=app=web --timeout=60s",
    "get deployment,replicaset,pod --selector=app=web",
    "delete deployment web",
    # The requests of `apply` for a change of a manifest.
    "apply -f - <web",
    "apply -f - <web",
    "apply -f - <web2",
    "rollout status deployment/web",
    "get deployment web",
    "get statefulset,daemonset",
]


def run(step):
    step, _, manifest = step.partition(" <")
    arguments = [PROGRAM, "--namespace", NAMESPACE, *shlex.split(step)]
    environment = {**os.environ, "KUBECONFIG": KUBECONFIG}
    done = subprocess.run(arguments, input=MANIFESTS.get(manifest, ""), env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, normal.text(done.stdout, NAMESPACE), normal.text(done.stderr, NAMESPACE)


def settled(step, printed):
    """What a step printed, less what depends on how fast the pods are."""
    if step.startswith("rollout status"):
        return printed[-1:]
    if step.startswith("wait --for=delete"):
        return []
    if step.startswith("describe") and "Events:" in printed:
        at = printed.index("Events:")
        # Conditions are ordered by their last change.
        return sorted(printed[:at]) + sorted(printed[at:])
    if step.startswith("get ") and len(printed) > 2 and " -o " not in step:
        return sorted(printed)
    return printed


def main():
    for step in [*ROLLOUT, *AUTOSCALER, *REFUSED, *ENDING]:
        code, printed, errors = run(step)
        if step.startswith("wait --for=delete"):
            # If they are gone already, there is nothing to wait for.
            code, errors = 0, []
        normal.tell(step, {"code": code, "printed": settled(step, printed), "errors": errors}, NAMESPACE)


if __name__ == "__main__":
    main()
