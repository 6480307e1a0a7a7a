"""DeepL: the engine that translates, behind its official client."""
