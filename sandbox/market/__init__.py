"""A market of products whose true demand is known, to judge what a pricing policy really earns."""
