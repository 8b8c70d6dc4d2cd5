"""What tests stand on: a browser without a network, an adjustable clock."""
