"""Simulated shop orders, honest and not: what the shipped screening model learns from."""
