"""What connections of every database share: forks, event loops, silence, broken circuits.

No SQL and no driver here.
"""
