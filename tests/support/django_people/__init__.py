"""An application with users of its own, and what refers to them."""
