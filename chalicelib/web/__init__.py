"""The pages: what waits, what was done, what is allowed. They know no function by name."""
