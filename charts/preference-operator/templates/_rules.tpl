{{/* What the operator may do where it watches. */}}
{{- define "preference.rules" -}}
# delete: spec.ttlSecondsAfterFinished.
- apiGroups: [preference.dev]
  resources: [preferencejobs]
  verbs: [list, watch, delete]
- apiGroups: [preference.dev]
  resources: [preferencejobs/status]
  verbs: [patch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# list: why the Job controller could not make a pod.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, create]
{{- end -}}
