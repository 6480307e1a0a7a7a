"""Exchange rates as an engine: the European Central Bank's reference rates, from its feed or a shipped
snapshot."""
