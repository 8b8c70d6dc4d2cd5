"""The two ways to run the core. Only this folder may know threads and event loops.

The core is coroutines that await nothing but what a runtime offers. In the blocking runtime
nothing ever suspends, so `finish` drives a coroutine to its end with one `send(None)`: no loop, no
thread, no second copy of the code. In the async runtime the same coroutines run on the
application's loop.
"""
