{{- define "preference.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* Room is left for the endings of names. */}}
{{- define "preference.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "preference.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "preference.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "preference.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "preference.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name: needed where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "preference.username" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "preference.account" . }}
{{- end -}}

{{- define "preference.selector" -}}
app.kubernetes.io/name: {{ include "preference.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "preference.labels" -}}
app.kubernetes.io/name: {{ include "preference.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* repository:tag@digest; takes a list of the image's values and the context. */}}
{{- define "preference.image" -}}
{{- $image := index . 0 -}}
{{- $image.repository }}:{{ default (index . 1).Chart.AppVersion $image.tag }}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "preference.trainerNamespaces" -}}
{{- default .Values.watchNamespaces .Values.trainer.namespaces | uniq | toJson -}}
{{- end -}}

{{/* The account of pods whose PreferenceJob names none; nothing where it is the namespace's own. */}}
{{- define "preference.defaultAccount" -}}
{{- $account := .Values.trainer.serviceAccount -}}
{{- $prepared := include "preference.trainerNamespaces" . | fromJsonArray -}}
{{- $everywhere := and $account.create (gt (len .Values.watchNamespaces) 0) -}}
{{- range .Values.watchNamespaces -}}
{{- $everywhere = and $everywhere (has . $prepared) -}}
{{- end -}}
{{- if or (eq $account.default "always") (and (eq $account.default "auto") $everywhere) -}}
{{- $account.name -}}
{{- end -}}
{{- end -}}

{{/* The regular expression of an image pattern, as the operator reads it. */}}
{{- define "preference.imageExpression" -}}
{{- $everything := or (eq . "*") (and (hasSuffix "*" .) (contains "/" .)) -}}
{{- $body := ternary (trimSuffix "*" .) . $everything -}}
^{{ regexQuoteMeta $body | replace "\\*" "[^/\\s]*" }}{{ if $everything }}\S*{{ end }}$
{{- end -}}

{{/* A CEL list of regular expressions of endpoints; a slash at the end means nothing. */}}
{{- define "preference.endpointExpressions" -}}
{{- $found := list -}}
{{- range .Values.policy.endpoints -}}
{{- $found = append $found (printf "^%s/?$" (trimSuffix "/" . | regexQuoteMeta | replace "\\*" "[^/:@\\s]*")) -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{/* A CEL list of regular expressions of images. */}}
{{- define "preference.imageExpressions" -}}
{{- $own := include "preference.image" (list .Values.trainer.image .) | regexQuoteMeta -}}
{{- $found := list (printf "^%s$" $own) -}}
{{- range .Values.trainer.allowedImages -}}
{{- $found = append $found (include "preference.imageExpression" .) -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{/* A CEL list of regular expressions of extended resources. */}}
{{- define "preference.resourceExpressions" -}}
{{- $found := list -}}
{{- range .Values.policy.gpuResources -}}
{{- $found = append $found (printf "^%s$" (regexQuoteMeta . | replace "\\*" "[^/]*")) -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{/* A CEL list of the service accounts that training pods may have. */}}
{{- define "preference.trainerAccounts" -}}
{{- concat (list "" "default" .Values.trainer.serviceAccount.name) .Values.policy.serviceAccounts | uniq | toJson -}}
{{- end -}}
