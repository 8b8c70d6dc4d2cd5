"""OAuth 2 and OpenID Connect, from the client's side: requests to identity providers, what they
answer, and the state that ties a browser to the flow that it began.

`provider` is what the modules in `watchword.providers` build on. Nothing in here is loaded before
the first provider is configured.
"""
