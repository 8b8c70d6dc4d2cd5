"""`gunicorn app:wsgi` reads this file: threads, and one copy of the code for all workers."""

bind = "127.0.0.1:8000"
worker_class = "gthread"
workers = 2
threads = 8
preload_app = True
# Longer than WorkLimits.drain (30 s): what was promised by mail is sent before a worker ends.
graceful_timeout = 40
control_socket_disable = True
