"""Values that the chart is rendered with: one set for each thing that changes what comes out."""

from helm_chart import Values

DIGEST = "sha256:" + "0" * 64
ALL_ON: Values = {
    "commonLabels": {"team": "platform"},
    "image": {"repository": "registry.example/operator", "tag": "2", "digest": DIGEST},
    "imagePullSecrets": [{"name": "registry"}],
    "trainer": {
        "image": {"digest": DIGEST},
        "allowedImages": ["registry.example/*"],
        "namespaces": ["team", "other"],
        "serviceAccount": {
            "annotations": {"example.com/role": "trainer"},
            "imagePullSecrets": [{"name": "registry"}],
        },
    },
    "serviceAccount": {"annotations": {"example.com/role": "operator"}},
    "podLabels": {"a": "b"},
    "podAnnotations": {"a": "b"},
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
    "podDisruptionBudget": {"maxUnavailable": "50%"},
    "networkPolicy": {
        "apiServer": [{"ipBlock": {"cidr": "192.0.2.1/32"}}],
        "monitoring": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
    },
    "policy": {"endpoints": ["http://minio.team:9000"], "actions": ["Warn", "Audit"]},
    "monitoring": {
        "podMonitors": {"enabled": True, "labels": {"release": "prometheus"}},
        "rules": {"enabled": True, "labels": {"release": "prometheus"}},
        "dashboard": {"enabled": True, "annotations": {"folder": "training"}},
    },
    "extraObjects": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "as-mapping"}},
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-{{ .Release.Name }}}\n",
    ],
}
ALL_OFF: Values = {
    "crds": {"enabled": False},
    "replicas": 0,
    "rbac": {"create": False, "aggregate": False},
    "serviceAccount": {"create": False, "name": "default"},
    "podDisruptionBudget": {"enabled": False},
    "topologySpreadConstraints": [],
    "networkPolicy": {"operator": False, "trainer": False},
    "trainer": {"serviceAccount": {"create": False}},
    "policy": {"jobs": False, "preferenceJobs": False},
}
CLOSED: Values = {
    "trainer": {"namespaces": ["team"]},
    "networkPolicy": {"dns": [], "storage": []},
    "policy": {"systemNodes": True, "forbiddenNamespaces": []},
}
VARIANTS: dict[str, Values] = {
    "defaults": {},
    "all on": ALL_ON,
    "all off": ALL_OFF,
    "closed": CLOSED,
    "two namespaces": {"watchNamespaces": ["team", "other"]},
    "one replica": {"replicas": 1},
    "own name": {"fullnameOverride": "alignment", "crds": {"keep": False}},
    "own image": {"image": {"tag": "", "digest": DIGEST}, "replicas": 3},
    "operator alone": {"networkPolicy": {"trainer": False}, "trainer": {"namespaces": ["team"]}},
    "no bounds": {"policy": {"jobs": False, "preferenceJobs": False}},
    "spread": {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "minDomains": 2,
            }
        ],
    },
}
