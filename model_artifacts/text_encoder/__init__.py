"""The shared sentence encoder: built at set-up from a package's weights, never committed."""
