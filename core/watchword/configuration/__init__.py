"""What an `Auth` is told, and what is made of it once, at start-up.

Options and their checks, the contradictions between them, and the compiled `Configuration` that
requests walk. Nothing here runs per request but reading it (and `site`, which may choose by Host).
"""
