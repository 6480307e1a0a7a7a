"""Shipped models: ``<name>/<version>/model.onnx`` beside ``card.json``, found through importlib.resources."""
