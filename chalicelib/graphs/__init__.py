"""Graphs: arrays in, ONNX bytes out; the only place that imports onnx."""
