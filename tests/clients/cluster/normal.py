"""What two clusters may tell differently is taken out of what a client saw: names that are made up, times, versions."""

import json
import re

PATTERNS = [
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UID"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\b", "TIME"),
    (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000", "TIME"),
    (r"(pod-template-hash=)[a-z0-9]{8,10}\b", r"\1HASH"),
    # A ReplicaSet and its pods: the template hash, and five random characters.
    (r"\b(bystander|web|api|pair)-[a-z0-9]{8,10}(-[bcdfghjklmnpqrstvwxz2456789]{5})?\b", lambda m: m[1] + "-HASH" + ("-POD" if m[2] else "")),
    (r"(record \()\d+(\))", r"\1VERSION\2"),
    # An age as a separate word.
    (r"(?<![\w.=])(\d+[smhd])+(?!\w)", "AGE"),
]


def text(printed, namespace):
    printed = printed.replace(namespace, "NAMESPACE")
    for pattern, instead in PATTERNS:
        printed = re.sub(pattern, instead, printed)
    lines = (re.sub(r"\s+", " ", line).strip() for line in printed.splitlines())
    return [line for line in lines if line]


def tell(step, saw, namespace):
    """Writes one line for the comparison: what was done, and what was seen of it."""
    lines = text(json.dumps(saw, sort_keys=True, default=str), namespace)
    print(json.dumps({"step": step, "saw": json.loads("".join(lines))}), flush=True)
