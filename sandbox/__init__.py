"""One machine stands in for the world: stores, AWS, DeepL, a market, and real orders to replay.

Nothing in here ships to AWS; only ``cli.py``, the tests and the benchmarks import it.
"""
