"""The core's own features, each declared exactly as a plugin is: no privileged back door."""
