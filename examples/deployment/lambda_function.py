"""AWS Lambda: `lambda_function.handler` behind an HTTP API, a function URL or a load balancer."""

from app import asgi
from mangum import Mangum

# Without a lifespan connections outlive an event: Mangum would end it with each one.
handler = Mangum(asgi, lifespan="off")
