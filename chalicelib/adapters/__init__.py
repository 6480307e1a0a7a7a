"""The ground the app stands on: each port once in memory and once on AWS."""
