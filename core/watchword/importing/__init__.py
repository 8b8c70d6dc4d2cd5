"""Users of other systems: one module per source yields them, `runner` writes them.

Nothing a server needs: only the command line and programs that import come here.
"""
