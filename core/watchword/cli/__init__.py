"""The command line: one module per command, loaded when it is called (extra `cli`).

Nothing is decided here that a program could not do by itself.
"""
