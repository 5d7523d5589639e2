/**
 * What the outside world may rely on: ports, paths, environment variables, headers and metric names.
 * The Pulumi program imports this file and no other from the scoring image.
 */

/** TCP ports the server listens on unless its environment says otherwise. 5001 is the reference container's. */
export const defaultPorts = { scoring: 5001, metrics: 5002 } as const;

/** HTTP paths. `serviceScore` takes the service's name, as the reference front end routes it. */
export const paths = {
  root: "/",
  score: "/score",
  swagger: "/swagger.json",
  live: "/v2/health/live",
  ready: "/v2/health/ready",
  metrics: "/metrics",
  serviceScore: (name: string) => `/api/v1/service/${name}/score`,
  serviceSwagger: (name: string) => `/api/v1/service/${name}/swagger.json`,
} as const;

/** Response and request headers of the Azure ML scoring contract, in lower case as Node delivers them. */
export const headers = {
  requestId: "x-request-id",
  legacyRequestId: "x-ms-request-id",
  clientRequestId: "x-ms-client-request-id",
  runFunctionFailed: "x-ms-run-function-failed",
  runFunctionMs: "x-ms-run-fn-exec-ms",
  grpcRoute: "x-ms-aml-grpc-service-route",
} as const;

/** Names of the environment variables that `settings.ts` reads; docs/server.md lists defaults and meanings. */
export const variables = {
  host: "HOST",
  port: "PORT",
  grpcPort: "GRPC_PORT",
  metricsPort: "METRICS_PORT",
  serviceName: "SERVICE_NAME",
  modelDir: "MODEL_DIR",
  versionLabels: "VERSION_LABELS",
  tensorContent: "TENSOR_CONTENT",
  bothOutputNames: "BOTH_OUTPUT_NAMES",
  auth: "AUTH",
  primaryKey: "PRIMARY_KEY",
  secondaryKey: "SECONDARY_KEY",
  primaryKeyFile: "PRIMARY_KEY_FILE",
  secondaryKeyFile: "SECONDARY_KEY_FILE",
  tokenIssuer: "TOKEN_ISSUER",
  tokenAudience: "TOKEN_AUDIENCE",
  tokenJwksUri: "TOKEN_JWKS_URI",
  tlsCertificateFile: "TLS_CERTIFICATE_FILE",
  tlsKeyFile: "TLS_KEY_FILE",
  runtimeAddress: "RUNTIME_ADDRESS",
  runtimeModel: "RUNTIME_MODEL",
  executionProvider: "EXECUTION_PROVIDER",
  engineCacheDir: "ENGINE_CACHE_DIR",
  gpuMemoryLimit: "GPU_MEMORY_LIMIT",
  batchSizes: "BATCH_SIZES",
  lanes: "LANES",
  threadsPerLane: "THREADS_PER_LANE",
  decodeThreads: "DECODE_THREADS",
  scriptThreads: "SCRIPT_THREADS",
  maxImagesPerRequest: "MAX_IMAGES_PER_REQUEST",
  maxBatchDelayMs: "MAX_BATCH_DELAY_MS",
  maxQueueSize: "MAX_QUEUE_SIZE",
  maxQueueBytes: "MAX_QUEUE_BYTES",
  maxQueueWaitMs: "MAX_QUEUE_WAIT_MS",
  scoringTimeoutMs: "SCORING_TIMEOUT_MS",
  bodyTimeoutMs: "BODY_TIMEOUT_MS",
  handshakeTimeoutMs: "HANDSHAKE_TIMEOUT_MS",
  keepAliveTimeoutMs: "KEEP_ALIVE_TIMEOUT_MS",
  grpcKeepAliveMs: "GRPC_KEEP_ALIVE_MS",
  connectionMaxAgeMs: "CONNECTION_MAX_AGE_MS",
  connectionMaxAgeGraceMs: "CONNECTION_MAX_AGE_GRACE_MS",
  maxBodyBytes: "MAX_BODY_BYTES",
  maxHeldBytes: "MAX_HELD_BYTES",
  maxConnections: "MAX_CONNECTIONS",
  maxConnectionsPerAddress: "MAX_CONNECTIONS_PER_ADDRESS",
  writeTimeoutMs: "WRITE_TIMEOUT_MS",
  maxPixels: "MAX_PIXELS",
  corsOrigins: "CORS_ORIGINS",
  preStopDelayMs: "PRE_STOP_DELAY_MS",
  shutdownGraceMs: "SHUTDOWN_GRACE_MS",
  logLevel: "LOG_LEVEL",
} as const;

/**
 * Variables that a server no longer reads, each with what took its place. A server that finds one
 * set does not start.
 */
export const endedVariables = {
  INSTANCES: variables.lanes,
  MAX_BATCH_SIZE: variables.batchSizes,
  THREADS_PER_INSTANCE: variables.threadsPerLane,
} as const;

/** Prometheus metric names; durations are histograms in seconds. */
export const metricNames = {
  requests: "scoring_requests_total",
  requestDuration: "scoring_request_duration_seconds",
  queueDuration: "scoring_queue_duration_seconds",
  imagingDuration: "scoring_imaging_duration_seconds",
  inferenceDuration: "scoring_inference_duration_seconds",
  batchSize: "scoring_batch_size",
  queueLength: "scoring_queue_length",
  inFlight: "scoring_requests_in_flight",
  decodeWaitDuration: "scoring_decode_wait_duration_seconds",
  decodeQueueLength: "scoring_decode_queue_length",
  decodeThreads: "scoring_decode_threads",
  decodeBusy: "scoring_decode_busy_seconds_total",
  paddingRows: "scoring_batch_padding_rows_total",
  laneBusy: "scoring_lane_busy_seconds_total",
  lanesReady: "scoring_lanes_ready",
  finishWaitDuration: "scoring_finish_wait_duration_seconds",
  finishDuration: "scoring_finish_duration_seconds",
  finishQueueLength: "scoring_finish_queue_length",
  threadRestarts: "scoring_thread_restarts_total",
  connections: "scoring_connections",
  connectionsRefused: "scoring_connections_refused_total",
  heldBytes: "scoring_held_bytes",
  logLinesDropped: "scoring_log_lines_dropped_total",
  runtimeReady: "scoring_runtime_ready",
  runtimeLosses: "scoring_runtime_losses_total",
} as const;

/** TCP port of gRPC inside the container, as the Deployment sets it; 50051 is the reference FPGA image's. */
export const grpcPort = 50051;
