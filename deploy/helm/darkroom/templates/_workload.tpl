{{- /*
One Deployment and its disruption budget. Takes: root, role, args, of (the role's values), image, env (extra variables),
http (the API's port is served), packs (a claim with model packs).
*/ -}}
{{- define "darkroom.workload" -}}
{{- $root := .root }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "darkroom.name" $root }}-{{ .role }}
  labels: {{- include "darkroom.labels" . | nindent 4 }}
spec:
  {{- if not .scaled }}
  replicas: {{ .of.replicas }}
  {{- end }}
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxUnavailable: 1, maxSurge: 1 }
  selector:
    matchLabels: {{- include "darkroom.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "darkroom.labels" . | nindent 8 }}
      annotations:
        checksum/config: {{ toYaml $root.Values.config | sha256sum }}
        {{- with $root.Values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ include "darkroom.serviceAccount" $root }}
      automountServiceAccountToken: false
      # A Service called darkroom would bring DARKROOM_PORT and more, which the program would refuse as unknown.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ .of.terminationGracePeriodSeconds | default 30 }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile: { type: RuntimeDefault }
      {{- with .of.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .of.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "darkroom.selector" . | nindent 14 }}
      containers:
        - name: {{ .role }}
          image: {{ .image | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: {{ toJson .args }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          envFrom:
            - configMapRef: { name: {{ include "darkroom.name" $root }} }
            - secretRef: { name: {{ $root.Values.existingSecret }} }
          env:
            - { name: DARKROOM_SECRETS_DIR, value: /secrets }
            - { name: DARKROOM_METRICS_PORT, value: {{ $root.Values.metricsPort | quote }} }
            {{- range $name, $value := .env }}
            - { name: {{ $name }}, value: {{ $value | quote }} }
            {{- end }}
          ports:
            - { name: metrics, containerPort: {{ $root.Values.metricsPort }} }
            {{- if .http }}
            - { name: http, containerPort: 8080 }
            {{- end }}
          startupProbe:
            httpGet: { path: /readyz, port: {{ ternary "http" "metrics" (default false .http) }} }
            periodSeconds: 3
            failureThreshold: 100
          readinessProbe:
            httpGet: { path: /readyz, port: {{ ternary "http" "metrics" (default false .http) }} }
            periodSeconds: 5
            timeoutSeconds: 4
          livenessProbe:
            httpGet: { path: /healthz, port: {{ ternary "http" "metrics" (default false .http) }} }
            periodSeconds: 10
            timeoutSeconds: 4
            failureThreshold: 6
          {{- if .http }}
          # Endpoints are told of the end before the socket closes.
          lifecycle: { preStop: { exec: { command: ["/bin/sleep", "5"] } } }
          {{- end }}
          resources: {{- toYaml .of.resources | nindent 12 }}
          volumeMounts:
            - { name: home, mountPath: /data }
            - { name: tmp, mountPath: /tmp }
            - { name: secrets, mountPath: /secrets, readOnly: true }
            {{- if .packs }}
            - { name: packs, mountPath: /app/models/packs, readOnly: true }
            {{- end }}
      volumes:
        - { name: home, emptyDir: {} }
        - { name: tmp, emptyDir: {} }
        - { name: secrets, secret: { secretName: {{ $root.Values.secretsSecret }}, defaultMode: 0440 } }
        {{- if .packs }}
        - { name: packs, persistentVolumeClaim: { claimName: {{ .packs }}, readOnly: true } }
        {{- end }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "darkroom.name" $root }}-{{ .role }}
  labels: {{- include "darkroom.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{- include "darkroom.selector" . | nindent 6 }}
{{- end }}
