"""The simulated orders as a shop would have screened them, and the recipe of the shipped screening model."""
