"""Shipped models: ``<name>/<version>/model.onnx`` beside ``card.json``, found through importlib.resources."""

from pkgutil import extend_path

# A Lambda layer brings the large artifacts in a folder of its own.
__path__ = extend_path(__path__, __name__)
