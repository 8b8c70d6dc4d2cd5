"""A command-line tool that signs in by a browser: the notes of the demonstration in a terminal."""
