{{/* Pod Security restricted; the image names its user. */}}
{{- define "preference.podSecurity" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "preference.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The operator's settings; the identity is the pod's name, the Lease's namespace the pod's own. */}}
{{- define "preference.environment" -}}
{{- $settings := dict
  "TRAINER_IMAGE" (include "preference.image" (list .Values.trainer.image .))
  "ALLOWED_IMAGES" (join "," .Values.trainer.allowedImages)
  "IMAGE_PULL_POLICY" .Values.trainer.image.pullPolicy
  "TRAINER_ACCOUNT" (include "preference.defaultAccount" .)
  "TRAINER_PORT" .Values.trainer.port
  "CHECK_CPU" .Values.trainer.check.cpu
  "CHECK_MEMORY" .Values.trainer.check.memory
  "STOP_SECONDS" (int64 .Values.trainer.stopSeconds)
  "NAMESPACES" (join "," .Values.watchNamespaces)
  "WORKERS" .Values.workers
  "PROGRESS_SECONDS" .Values.progressSeconds
  "RESYNC_SECONDS" .Values.resyncSeconds
  "WATCH_SECONDS" .Values.watchSeconds
  "LEASE_NAME" (include "preference.fullname" .)
  "LEASE_SECONDS" (int64 .Values.leaderElection.leaseSeconds)
  "RENEW_SECONDS" .Values.leaderElection.renewSeconds
  "RETRY_SECONDS" .Values.leaderElection.retrySeconds
  "HEALTH_PORT" .Values.healthPort
  "METRICS_JOBS" (int64 .Values.metricsJobs)
  "LOG_LEVEL" .Values.logLevel
-}}
{{- range $name, $value := $settings }}
- name: PREFERENCE_OPERATOR_{{ $name }}
  value: {{ toString $value | quote }}
{{- end }}
{{- end -}}
