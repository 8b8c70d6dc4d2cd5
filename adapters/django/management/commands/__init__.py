"""`watchword`, `watchword_migrate`, `watchword_models`."""
