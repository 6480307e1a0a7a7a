"""What goes with what, what resembles what, and what this buyer is likely to want next."""
