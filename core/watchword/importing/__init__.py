"""Users of other systems: one module per source yields them, `runner` writes them."""
