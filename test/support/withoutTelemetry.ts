// Loaded before every test file: services that run inside the test process load ONNX Runtime there.
process.env["ORT_DISABLE_TELEMETRY"] = "1";
