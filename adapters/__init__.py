"""Framework adapters. Each translates requests and responses; none decides anything."""
