//! Networks in ONNX files as models, run by tract.
