"""What somebody may write into a PreferenceJob that the API server takes, and nobody reads well."""

from typing import Any

from preference_api.v1alpha1.status import ConditionType, Stage

Body = dict[str, Any]

LARGEST = 2**63 - 1
THEN, NEVER, BEFORE = "2026-01-31T10:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"
OWN_HASH = "OWN"
"""In place of the hash of the object's spec."""


def _condition(kind: str, status: str, *, at: str = THEN, **more: Any) -> Body:
    told = {"type": kind, "status": status, "reason": "Odd", "lastTransitionTime": at}
    return {**told, "message": "\U0001f600\u0000" * 1000, **more}


def _run(spec_hash: str = OWN_HASH, number: int = 3, **more: Any) -> Body:
    return {"specHash": spec_hash, "number": number, "stage": Stage.TRAIN, **more}


_ENTRY = {"reason": "x" * 1024, "runId": "", "completionTime": NEVER, "accuracy": -1e308}

STATUSES: dict[str, Body] = {
    "another-run": {"run": _run("zzzzzzzzzz")},
    "over-and-no-end": {"run": _run(completionTime=THEN)},
    "end-of-another": {
        "run": _run("other", completionTime=THEN),
        "history": [{**_ENTRY, "number": number + 1} for number in range(50)],
    },
    "largest-number": {"run": _run("other", LARGEST)},
    "largest-numbers": {
        "history": [{**_ENTRY, "number": LARGEST}],
        "attempts": {"failures": LARGEST, "preemptions": LARGEST},
        "observedGeneration": -LARGEST,
    },
    "never-begun": {"run": _run(startTime=NEVER)},
    "begun-before": {"run": _run(startTime=BEFORE)},
    "parts-of-seconds": {"run": _run(startTime="2026-01-01T00:00:00.123456789+05:30")},
    "progress": {
        "progress": {"stage": "Done", "step": LARGEST, "percent": 100, "loss": 1e308},
        "state": "\U0001f600" * 1000,
    },
    "empty-parts": {
        "dataset": {"digest": "", "pairs": 0, "evaluationPairs": 0, "dropped": 0},
        "checkpoint": {"uri": "", "step": LARGEST},
        "result": {"modelURI": "", "reportURI": ""},
    },
    "all-conditions": {
        "conditions": [
            _condition(kind, "False", at=NEVER, observedGeneration=LARGEST)
            for kind in ConditionType
            if kind is not ConditionType.SUCCEEDED
        ]
    },
}
"""Statuses after which a run still has to be checked, by the name of the object."""

RESOLVED = {
    "run": _run(
        id="x" * 1024,
        resolved={"runId": "x" * 1024, "datasetDigest": "", "modelDigest": "\u0000"},
    )
}
"""A status after which a run has to be trained; nobody can tell that the digests are wrong."""

ENDED = {
    "run": _run(completionTime=NEVER),
    "conditions": [_condition(ConditionType.SUCCEEDED, "True", at=NEVER)],
}
"""A status that tells of an end, in a future that is far away."""

METADATA: dict[str, Body] = {
    "large-annotation": {"annotations": {"team/notes": "\U0001f600" * 60_000}},
    "kopf-annotation": {
        "annotations": {
            "kopf.zalando.org/last-handled-configuration": "{not json",
            "kopf.dev/on-event": "[]",
        }
    },
    "own-annotations": {
        "annotations": {
            "preference.dev/attempts": "{not json",
            "preference.dev/wanted": "\u0000",
            "preference.dev/commit": "x" * 5000 + "\u2028",
            "preference.dev/repository": "",
        }
    },
    "own-labels": {
        "labels": {
            "preference.dev/job-uid": "another",
            "preference.dev/stage": "train",
            "preference.dev/run": "",
            "kueue.x-k8s.io/queue-name": "A.b_c-1",
        }
    },
    "finalizer": {"finalizers": ["team/left-behind"]},
    "x" * 63: {},
}
"""Metadata of objects by their names."""

_URI = "s3://" + "b" * 63 + "/" + "\U0001f600" * 955
_SECRET = {"name": ".".join(["s" * 61] * 4) + "s" * 6}
_LABEL = ".".join(["d" * 62] * 4) + "d/" + "n" * 62
_COLUMN = "\u2028" * 128

SPEC: Body = {
    "model": {"uri": _URI, "chatTemplate": "{{ '\"' }}" + "\U0001f600" * 32_000},
    "dataset": {
        "mixture": [
            {"uri": _URI, "columns": {"prompt": _COLUMN, "chosen": _COLUMN}, "weight": 100}
            for _part in range(32)
        ],
        "maxLength": 1048576,
        "prompt": {"template": "{prompt}" + "$(HOME)" * 1000, "system": "\u0000" * 8192},
    },
    "training": {"steps": LARGEST, "batchSize": 65536, "seed": 4294967295, "learningRate": 1e-300},
    "checkpoints": {"everySteps": LARGEST, "everyMinutes": 1440, "keep": 100},
    "storage": {
        "endpoint": "https://" + "e" * 504,
        "region": "r" * 64,
        "credentialsSecret": _SECRET,
    },
    "resources": {
        "gpus": 64,
        "cpu": "1." + "0" * 30,
        "memory": "8E",
        "sharedMemory": "1m",
        "gpuResource": "d" * 63 + "/" + "r" * 46,
        "nodeSelector": {f"{_LABEL}{number:x}": "v" * 63 for number in range(16)},
        "tolerations": [
            {"key": f"{_LABEL}{number:x}", "value": "v" * 63, "effect": "NoSchedule"}
            for number in range(16)
        ],
        "nodes": 64,
    },
    "retrain": {"nonce": "n" * 64, "historyLimit": 50, "checkEveryMinutes": 10080},
    "restarts": {"failures": 100, "preemptions": 100000},
    "activeDeadlineSeconds": 2**31 - 1,
    "ttlSecondsAfterFinished": LARGEST,
}
"""A spec whose parts are as large as the API lets them be."""
