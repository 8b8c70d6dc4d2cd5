"""The same scripted requests to this server and to the reference; what comes back is compared."""
