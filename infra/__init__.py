"""What AWS needs beyond Chalice: resources, permissions, alarms, and the build of the archive."""
