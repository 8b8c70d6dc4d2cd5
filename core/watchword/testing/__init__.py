"""For those who test what they build on watchword. Needs pytest."""
