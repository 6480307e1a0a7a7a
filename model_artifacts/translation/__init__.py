"""The quality estimate of translations: a small model over the shared encoder, trained by the recipe beside
it."""
