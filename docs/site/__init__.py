"""The documentation site: `python -m docs.site` builds it into build/site.

What people wrote in docs/ and what the code says of itself (errors, options, endpoints, modules)
become one tree of Markdown in build/pages, which Zensical renders. A new page in docs/ needs
nothing else.
"""
