"""The demonstration: a real shop's orders arrive as signed webhooks and change two stores."""

from sandbox.demo.run import Options, run

__all__ = ["Options", "run"]
