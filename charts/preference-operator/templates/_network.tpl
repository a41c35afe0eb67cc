{{/* No rule at all where no peer is named: one without peers would open port 53 everywhere. */}}
{{- define "preference.dnsRule" -}}
{{- with .Values.networkPolicy.dns -}}
- to:
    {{- toYaml . | nindent 4 }}
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end -}}
{{- end -}}
