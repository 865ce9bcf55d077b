"""Words every floor may use. Imports nothing of ours but itself."""
