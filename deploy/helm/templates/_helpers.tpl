{{- define "g60.labels" -}}
app.kubernetes.io/name: g60pipeline
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "g60.container" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "g60.databaseHost" -}}
{{ .Values.database.host | default (printf "%s-postgres" .Release.Name) }}
{{- end }}

{{- /* Environment and files of every container that runs g60pipeline. */ -}}
{{- define "g60.process" -}}
image: {{ .Values.images.g60 }}
securityContext: {{- include "g60.container" . | nindent 2 }}
env:
  - {name: G60_HOME, value: /var/lib/g60}
  - {name: G60_WAREHOUSE_URL, value: "postgresql+psycopg://g60@{{ include "g60.databaseHost" . }}/g60"}
  - {name: DAGSTER_HOME, value: /var/lib/g60/dagster}
  - {name: G60_DAGSTER_POSTGRES_URL, value: "postgresql+psycopg2://g60@{{ include "g60.databaseHost" . }}/dagster"}
  - {name: CODE_SERVER_HOST, value: {{ .Release.Name }}-code-server}
  # A file would be readable by a group in a pod, which libpq refuses.
  - name: PGPASSWORD
    valueFrom: {secretKeyRef: {name: {{ .Values.secrets.database }}, key: g60_password}}
  - name: G60_NOTIFY_URLS
    valueFrom: {secretKeyRef: {name: {{ .Values.secrets.notify }}, key: urls, optional: true}}
volumeMounts:
  - {name: state, mountPath: /var/lib/g60}
  - {name: tmp, mountPath: /tmp}
{{- end }}
