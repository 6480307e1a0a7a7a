"""CloudFormation's own functions, so that the rest reads as a description."""

from typing import Any

type Block = dict[str, Any]


def ref(name: str) -> Block:
    """A parameter, or what a resource is known by."""
    return {"Ref": name}


def att(name: str, attribute: str) -> Block:
    """One attribute of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Block:
    """Text with ``${names}`` in it."""
    return {"Fn::Sub": text}


def given(parameter: str) -> Block:
    """Whether a parameter says anything."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def resource(kind: str, properties: Block, **more: Any) -> Block:
    """One resource."""
    return {"Type": f"AWS::{kind}", **more, "Properties": properties}


def document(*statements: Block) -> Block:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}
