"""Nearest rows as an ONNX graph: one query against all products' vectors, blocked ones last, the top k."""

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper

OPSET = 18
IR_VERSION = 10
BLOCKED = -1e30
"""The score of a product that must not be shown; callers drop what comes back with it."""


def similarity(vectors: NDArray[np.float32]) -> bytes:
    """The graph's bytes for ``vectors`` (products, width), unit rows.

    Inputs: ``query`` float32 (width,), ``blocked`` int64 (m,), ``k`` int64 (1,), at most the products.
    Outputs: ``ids`` int64 (k,) and ``scores`` float32 (k,), cosines, best first.
    """
    constants = [
        numpy_helper.from_array(np.ascontiguousarray(vectors, np.float16), "vectors"),
        numpy_helper.from_array(np.array([BLOCKED], np.float32), "out"),
    ]
    nodes = [
        helper.make_node("Cast", ["vectors"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["wide", "query"], ["cosine"]),
        helper.make_node("Shape", ["blocked"], ["blocked_shape"]),
        helper.make_node("Expand", ["out", "blocked_shape"], ["blocked_scores"]),
        helper.make_node("ScatterElements", ["cosine", "blocked", "blocked_scores"], ["allowed"], axis=0),
        helper.make_node("TopK", ["allowed", "k"], ["scores", "ids"], axis=0, largest=1, sorted=1),
    ]
    value = helper.make_tensor_value_info
    inputs = [
        value("query", TensorProto.FLOAT, [vectors.shape[1]]),
        value("blocked", TensorProto.INT64, ["m"]),
        value("k", TensorProto.INT64, [1]),
    ]
    outputs = [value("ids", TensorProto.INT64, ["top"]), value("scores", TensorProto.FLOAT, ["top"])]
    body = helper.make_graph(nodes, "similarity", inputs, outputs, constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data
