"""A request's way from the router to the response: the steps that every endpoint shares.

What one feature does with a request is not here but in `features` and `plugins`.
"""
