{{/* What pods are made of. deploy/kubernetes has the same without templates, and says why in its comments. */}}

{{- define "lockstep.labels" -}}
{{ include "lockstep.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "lockstep.selector" -}}
app.kubernetes.io/name: lockstep
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "lockstep.applicationSelector" -}}
app.kubernetes.io/name: {{ .Values.application.name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "lockstep.configName" -}}
{{ .Release.Name }}{{ if eq .Values.form "wait" }}-wait{{ end }}-config
{{- end }}

{{- define "lockstep.image" -}}
image: {{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end }}

{{- define "lockstep.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "lockstep.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
{{- end }}

{{- define "lockstep.healthProbes" -}}
startupProbe:
  httpGet:
    path: /api/v1/health
    port: lockstep
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /api/v1/health
    port: lockstep
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}

{{- define "lockstep.readinessProbe" -}}
readinessProbe:
  httpGet:
    path: /api/v1/readiness
    port: lockstep
  periodSeconds: 5
  timeoutSeconds: 3
{{- end }}

{{- define "lockstep.configMounts" -}}
- name: config
  mountPath: /etc/lockstep
  readOnly: true
- name: database
  mountPath: /etc/lockstep-database
  readOnly: true
{{- if .Values.migrations.configMap }}
- name: migrations
  mountPath: /migrations
  readOnly: true
{{- end }}
{{- end }}

{{- define "lockstep.runMount" -}}
- name: run
  mountPath: /run
{{- end }}

{{- define "lockstep.configVolumes" -}}
- name: config
  configMap:
    name: {{ include "lockstep.configName" . }}
- name: database
  secret:
    secretName: {{ .Values.database.secret }}
    defaultMode: 0400
{{- if .Values.migrations.configMap }}
- name: migrations
  configMap:
    name: {{ .Values.migrations.configMap }}
{{- end }}
{{- end }}

{{- define "lockstep.runVolume" -}}
- name: run
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{- end }}

{{- define "lockstep.agent" -}}
{{ include "lockstep.image" . }}
args:
  - --config
  - /etc/lockstep/lockstep.toml
ports:
  - name: lockstep
    containerPort: 8432
    protocol: TCP
{{ include "lockstep.healthProbes" . }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
{{ include "lockstep.containerSecurity" . }}
volumeMounts:
  {{- include "lockstep.configMounts" . | nindent 2 }}
  {{- include "lockstep.runMount" . | nindent 2 }}
{{- end }}

{{- define "lockstep.waiting" -}}
{{ include "lockstep.image" . }}
command:
  - /usr/bin/lockstep
resources:
  requests:
    cpu: 10m
    memory: 16Mi
  limits:
    memory: 64Mi
{{ include "lockstep.containerSecurity" . }}
{{- end }}
