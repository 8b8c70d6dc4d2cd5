"""The demonstration: a Flask application on SQLite with a page in the browser."""
