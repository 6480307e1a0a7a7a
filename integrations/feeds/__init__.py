"""Files that a merchant publishes for us at an address of his own, as an engine."""
