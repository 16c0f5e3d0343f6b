{{- define "refreshd.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "refreshd.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "refreshd.labels" -}}
{{ include "refreshd.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The configuration, with what the chart knows itself. */}}
{{- define "refreshd.configuration" -}}
{{- $names := list }}
{{- if .Values.service.enabled }}
{{- $name := include "refreshd.name" . }}
{{- $names = list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) }}
{{- end }}
{{- $http := dict "listen" "0.0.0.0:9464" }}
{{- with concat $names .Values.service.hosts }}
{{- $_ := set $http "allowed-hosts" . }}
{{- end }}
{{- if not (or .Values.config.database.url .Values.databases) }}
{{- fail "config.database.url is missing: set it, or describe databases" }}
{{- end }}
{{- $several := ternary (dict "databases" (dict "folder" "databases.d")) dict (not (empty .Values.databases)) }}
{{- $database := dict "password-file" (printf "/run/secrets/refreshd/%s" .Values.secret.passwordKey) }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) (dict "database" $database "http" $http) $several) }}
{{- end }}

{{/* The container and its volumes: for a chart of an application, too, that has this one as a dependency. */}}
{{- define "refreshd.container" -}}
- name: refreshd
  image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  ports:
    - { name: refreshd, containerPort: 9464 }
  {{- if or .Values.javaOptions .Values.env }}
  env:
    {{- if .Values.javaOptions }}
    - { name: REFRESHD_JAVA_OPTS, value: {{ .Values.javaOptions | quote }} }
    {{- end }}
    {{- with .Values.env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    readOnlyRootFilesystem: true
    allowPrivilegeEscalation: false
    capabilities: { drop: [ALL] }
    seccompProfile: { type: RuntimeDefault }
  {{- with .Values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  startupProbe:
    httpGet: { path: /livez, port: refreshd }
    periodSeconds: 2
    timeoutSeconds: 3
    failureThreshold: 30
  livenessProbe:
    httpGet: { path: /livez, port: refreshd }
    periodSeconds: 10
    timeoutSeconds: 3
    failureThreshold: 3
  {{- /* A view that is stale is no reason to take an application out of service, and who stands by is never ready. */}}
  {{- if eq .Values.mode "deployment" }}
  readinessProbe:
    httpGet: { path: /readyz, port: refreshd }
    periodSeconds: 10
    timeoutSeconds: 3
    failureThreshold: 3
  {{- end }}
  volumeMounts:
    - { name: refreshd-config, mountPath: /etc/refreshd, readOnly: true }
    - { name: refreshd-secret, mountPath: /run/secrets/refreshd, readOnly: true }
{{- end }}

{{- define "refreshd.volumes" -}}
- name: refreshd-config
  configMap:
    name: {{ include "refreshd.name" . }}
    {{- if .Values.databases }}
    items:
      - { key: refreshd.yaml, path: refreshd.yaml }
      {{- range $name, $content := .Values.files }}
      - { key: {{ $name | quote }}, path: {{ $name | quote }} }
      {{- end }}
      {{- range $name, $content := .Values.databases }}
      - { key: {{ printf "databases.d.%s.yaml" $name | quote }}, path: {{ printf "databases.d/%s.yaml" $name | quote }} }
      {{- end }}
    {{- end }}
- name: refreshd-secret
  secret: { secretName: {{ .Values.secret.name | quote }}, defaultMode: 0444 }
{{- end }}
