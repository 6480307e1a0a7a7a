"""Listing translation: what changed is translated again, every placeholder is proven, every manual edit is
kept."""
