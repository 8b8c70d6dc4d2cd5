"""Values of HTTP: what comes in and what goes out. Here no I/O, no clock, no global state."""
