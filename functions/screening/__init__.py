"""Order screening: why an order looks risky, and what a mistake about it would cost."""
