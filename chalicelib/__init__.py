"""The library: domain, use cases, storage, web. It knows no marketplace and no function by name."""
