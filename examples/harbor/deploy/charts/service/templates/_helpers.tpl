{{- define "service.image" -}}
{{ .Values.image.repository }}@{{ required "image.digest is missing: an image is only known by its digest" .Values.image.digest }}
{{- end -}}

{{- define "service.labels" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/part-of: harbor
{{- end -}}

{{- define "service.env" -}}
- { name: PORT, value: {{ .Values.port | quote }} }
- { name: SLUICE_ENVIRONMENT, value: {{ .Values.environment | quote }} }
- { name: SLUICE_COMMIT, value: {{ .Values.commit | quote }} }
{{- range .Values.needs }}
- { name: SLUICE_NEED_{{ upper . | replace "-" "_" }}_URL, value: "http://{{ . }}" }
{{- end }}
{{- end -}}
